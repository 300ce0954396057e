import { z } from "zod";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { runSummarySchema } from "../runs/results.ts";

const outputsSchema = z.object({
  method: z.string().default("none"),
  from: z.array(z.string()).default([]),
  to: z.array(z.string()).default([]),
  writes: z.object({ acked: z.int(), lost: z.int() }).nullable().catch(null).default(null),
  probes: z
    .object({ longest_gap_ms: z.record(z.string(), z.number()) })
    .nullable()
    .catch(null)
    .default(null),
});

/** What `redisha switchover --json` answers. */
export const switchoverResultSchema = z.strictObject({
  ...runSummarySchema.omit({ outputs: true }).shape,
  method: z.string().describe("sentinel, coordinated, failover, by_hand, cluster; none where nothing had to move"),
  moved: z.array(
    z.strictObject({
      from: z.string().describe("The primary that was"),
      to: z.string().describe("The primary that is"),
    }),
  ),
  acked_writes: z
    .int()
    .nullable()
    .describe("Writes of the probes that were acknowledged; null where nothing was measured"),
  lost_writes: z.int().nullable().describe("Of those, the ones that are gone; null where nothing was measured"),
  write_gap_ms: z
    .number()
    .nullable()
    .describe("Longest time without an acknowledged write, of any probe; null where nothing was measured"),
});

export type SwitchoverResult = z.infer<typeof switchoverResultSchema>;

/** The summary of the run, with what it came to. */
export function switchoverResult({ outputs, ...summary }: RunSummary): SwitchoverResult {
  const { method, from, to, writes, probes } = outputsSchema.parse(outputs);
  const gaps = Object.values(probes?.longest_gap_ms ?? {});
  return {
    ...summary,
    rollback: summary.rollback && { ...summary.rollback },
    method,
    moved:
      summary.exit === 0 || summary.status === "done" ? from.map((id, at) => ({ from: id, to: to[at] ?? "" })) : [],
    acked_writes: writes?.acked ?? null,
    lost_writes: writes?.lost ?? null,
    write_gap_ms: gaps.length > 0 ? Math.round(Math.max(...gaps)) : null,
  };
}
