import { z } from "zod";
import type { RunSummary } from "../../use-cases/run-runbook.ts";

const scratchOutputs = z.object({
  servers: z.array(
    z.object({ shard: z.string(), socket: z.string(), server: z.string(), keys: z.record(z.string(), z.number()) }),
  ),
});

const asideOutputs = z.object({
  old_data: z.record(z.string(), z.object({ outputs: z.object({ folder: z.string() }) })),
});

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
