import { z } from "zod";
import { drillOf } from "../../drill/drill-slot.ts";
import { defineAction } from "../define.ts";

/** Writes a moment into the recording. Actions that cause faults or failovers mark theirs more exactly by themselves. */
export const drillMark = defineAction({
  name: "drill.mark",
  summary: "Writes into the recording of the drill that something happens now, such as an announcement or a load test",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_]*$/)
      .describe("One word, such as load_started; fault starts the counting of times after the fault"),
    detail: z.string().default("").describe("For the report"),
  }),
  output: z.strictObject({ at_ms: z.number().describe("Since the recording began") }),
  example: `- id: unplugged
  action: drill.mark
  with: { name: fault, detail: Cable pulled by hand }`,
  commands: ({ name, detail }) => [
    { transport: "controller", text: `mark ${name}${detail === "" ? "" : `: ${detail}`}` },
  ],
  async run({ name, detail }, context) {
    const drill = drillOf(context.life);
    const at = drill.now();
    drill.mark(name, detail, at);
    return { outputs: { at_ms: at }, changed: false };
  },
});
