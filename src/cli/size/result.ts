import { z } from "zod";
import { benchmarkSchema } from "../../size/benchmark.ts";
import { loadSchema } from "../../size/load.ts";
import { sizingSchema } from "../../size/sizing.ts";

/** What `redisha size --json` answers. */
export const sizeResultSchema = z.strictObject({
  loads: z.array(loadSchema).describe("What was measured, a primary each, or what figures come to"),
  benchmarks: z.array(benchmarkSchema).describe("What redis-benchmark measured; empty without --benchmark"),
  sizing: sizingSchema,
});

export type SizeResult = z.infer<typeof sizeResultSchema>;

const outputsSchema = z.object({
  loads: z.record(z.string(), z.object({ outputs: loadSchema })),
  scratch: z.array(benchmarkSchema),
  live: z.array(benchmarkSchema),
  sizing: sizingSchema,
});

/** The result among the outputs of the runbook size. */
export function resultIn(outputs: Readonly<Record<string, unknown>>): SizeResult {
  const { loads, scratch, live, sizing } = outputsSchema.parse(outputs);
  return { loads: Object.values(loads).map((each) => each.outputs), benchmarks: [...scratch, ...live], sizing };
}
