import { z } from "zod";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { runSummarySchema } from "../runs/results.ts";

const moveSchema = z.strictObject({
  from: z.string().describe("The primary that owned them"),
  to: z.string().describe("The primary that was to get them"),
  slots: z.array(z.tuple([z.int(), z.int()])).describe("Ranges, both ends included"),
  count: z.int(),
});

const hostsSchema = z
  .record(
    z.string(),
    z.looseObject({
      outputs: z.looseObject({
        keys: z.int().default(0),
        duration_ms: z.number().default(0),
        longest_ms: z.number().default(0),
        retries: z.int().default(0),
      }),
    }),
  )
  .catch({})
  .default({});

const outputsSchema = z.object({
  moves: z.array(moveSchema).catch([]).default([]),
  slots: z.int().catch(0).default(0),
  moved: hostsSchema,
});

/** What `redisha reshard --json` and `redisha rebalance --json` answer. */
export const reshardResultSchema = z.strictObject({
  ...runSummarySchema.omit({ outputs: true }).shape,
  moves: z.array(moveSchema).describe("Which slots changed hands; empty unless the run is done"),
  slots: z.int().describe("How many slots changed hands"),
  keys: z.int().describe("How many keys went with them"),
  keys_per_second: z.number().nullable().describe("Null where nothing was moved"),
  longest_ms: z
    .number()
    .nullable()
    .describe("The longest that one command kept a server from its clients, or that it held writes back"),
  retries: z.int().describe("How often somebody did not answer, and what is where had to be looked at anew"),
});

export type ReshardResult = z.infer<typeof reshardResultSchema>;

/** The summary of the run, with what came of it. */
export function reshardResult({ outputs, ...summary }: RunSummary): ReshardResult {
  const { moves, slots, moved } = outputsSchema.parse(outputs);
  const each = Object.values(moved).map((host) => host.outputs);
  const keys = each.reduce((sum, host) => sum + host.keys, 0);
  const ms = Math.max(0, ...each.map((host) => host.duration_ms));
  return {
    ...summary,
    rollback: summary.rollback && { ...summary.rollback },
    moves,
    slots,
    keys,
    keys_per_second: ms > 0 ? Math.round((keys / ms) * 1_000) : null,
    longest_ms: each.length > 0 ? Math.max(...each.map((host) => host.longest_ms)) : null,
    retries: each.reduce((sum, host) => sum + host.retries, 0),
  };
}
