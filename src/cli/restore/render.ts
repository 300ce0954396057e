import { z } from "zod";
import { EXIT } from "../../core/exit-codes.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";

const scratchOutputs = z.object({
  servers: z.array(
    z.object({ shard: z.string(), socket: z.string(), server: z.string(), keys: z.record(z.string(), z.number()) }),
  ),
});

const asideOutputs = z.object({
  old_data: z.record(z.string(), z.object({ outputs: z.object({ folder: z.string() }) })),
});

const restoreOutputs = z.object({
  backup: z.string(),
  saved_at: z.string(),
  keys: z.record(z.string(), z.object({ outputs: z.object({ keys: z.int(), expired: z.int().nullable() }) })),
  left_out: z.array(z.object({ instance: z.string() })),
});

/** Done, and not as it should be: a replica that was left out is still missing. */
export function withWarnings(summary: RunSummary): RunSummary {
  const outputs = restoreOutputs.safeParse(summary.outputs);
  const missing = summary.exit === EXIT.done && outputs.success && outputs.data.left_out.length > 0;
  return missing ? { ...summary, exit: EXIT.warnings } : summary;
}

/** The outputs of a restore that ended well, as a person reads them; what stands in the advice is left out. */
export function shownOutputs({ outputs }: RunSummary): RunSummary["outputs"] {
  const { backup } = outputs;
  if (scratchOutputs.safeParse(outputs).success) return { backup };
  const restored = restoreOutputs.safeParse(outputs);
  if (!restored.success) return outputs;
  const { saved_at, keys, left_out } = restored.data;
  const counts = Object.entries(keys).map(([id, { outputs: held }]) => {
    const expired = held.expired ? `, ${held.expired} expired since` : "";
    return `${id} ${held.keys}${expired}`;
  });
  return {
    backup,
    "saved at": saved_at,
    keys: counts.join("; "),
    ...(left_out.length > 0 ? { "left out": left_out.map(({ instance }) => instance).join(", ") } : {}),
  };
}

/** What to type next: where the scratch servers are, or where the old data lies. Empty where there is neither. */
export function restoreAdvice({ outputs, status }: RunSummary): string[] {
  if (status !== "done") return [];
  const scratch = scratchOutputs.safeParse(outputs);
  if (scratch.success) {
    return scratch.data.servers.flatMap(({ shard, socket, server, keys }) => [
      `${shard}: ${server}, ${Object.values(keys).reduce((sum, count) => sum + count, 0)} keys: redis-cli -s ${socket}`,
      `  nothing expires in it; end it: redis-cli -s ${socket} SHUTDOWN NOSAVE`,
    ]);
  }
  const aside = asideOutputs.safeParse(outputs);
  if (!aside.success) return [];
  return [
    "The data that was there before lies beside the new. When all is well, remove it:",
    ...Object.entries(aside.data.old_data).map(
      ([
        id,
        {
          outputs: { folder },
        },
      ]) => `  on ${id}: rm -r ${folder}`,
    ),
  ];
}
