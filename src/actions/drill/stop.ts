import { z } from "zod";
import { drillOf } from "../../drill/drill-slot.ts";
import { defineAction } from "../define.ts";
import { tallySchema } from "./tally-schema.ts";

/** Ends the probes. What they wrote stays until drill.clean, so that it can still be read back. */
export const drillStop = defineAction({
  name: "drill.stop",
  summary: "Ends the probes of the drill and sums up all they did; their keys stay until drill.clean",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({}),
  output: tallySchema,
  example: `- id: stop
  action: drill.stop
  with: {}`,
  commands: () => [{ transport: "controller", text: "stop the probes" }],
  async run(_input, context) {
    const tally = await drillOf(context.life).stop(context.signal);
    return { outputs: { ...tally, longest_gap_ms: { ...tally.longest_gap_ms } }, changed: false };
  },
});
