import { z } from "zod";

const ms = z.number().nullable();

/** What the probes did in a span of time. */
export const tallySchema = z.strictObject({
  seconds: z.number(),
  acked: z.int(),
  refused: z.int(),
  unknown: z.int().describe("No answer came: they may or may not be there"),
  latency_p50_ms: ms.describe("Of the acknowledged ones; null where there was none"),
  latency_p99_ms: ms,
  longest_gap_ms: z.record(z.string(), z.number()).describe("Longest time without an acknowledged write, by probe"),
});
