import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { formatExactDuration } from "../../core/units.ts";
import { drillOf } from "../../drill/drill-slot.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { tallySchema } from "./tally-schema.ts";

/** Lets the probes go on for a while, and sums up what they did meanwhile. */
export const drillMeasure = defineAction({
  name: "drill.measure",
  summary:
    "Lets the probes of the drill go on for a while, and sums up what they did: a baseline, or a watch afterwards",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({ for: durationSchema.describe("How long, e.g. 10s") }),
  output: tallySchema,
  example: `- id: baseline
  action: drill.measure
  with: { for: 10s }`,
  commands: ({ for: ms }) => [{ transport: "controller", text: `measure for ${formatExactDuration(ms)}` }],
  takesMs: ({ for: ms }) => ms + 30_000,
  async run({ for: ms }, context) {
    const drill = drillOf(context.life);
    const since = drill.now();
    await sleep(ms, context.signal);
    const tally = await drill.tally(since, context.signal);
    return { outputs: { ...tally, longest_gap_ms: { ...tally.longest_gap_ms } }, changed: false };
  },
});
