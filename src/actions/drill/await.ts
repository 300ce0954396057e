import { z } from "zod";
import { formatExactDuration } from "../../core/units.ts";
import { drillOf } from "../../drill/drill-slot.ts";
import { MILESTONE_MEANING, MILESTONES } from "../../drill/milestones.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

/** Waits for what comes about by itself after a fault, and says when it did. */
export const drillAwait = defineAction({
  name: "drill.await",
  summary: "Waits until the drill has come to a milestone, and says how long after the fault that was",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({
    until: z
      .enum(MILESTONES)
      .describe(MILESTONES.map((milestone) => `${milestone}: ${MILESTONE_MEANING[milestone]}`).join("; ")),
    within: durationSchema.default(60_000).describe("When to give up, e.g. 2m; it may exceed the step's own timeout"),
  }),
  output: z.strictObject({
    at_ms: z.number().describe("Since the recording began"),
    after_fault_ms: z.number().nullable().describe("null where no fault was marked"),
    new_primary: z.string().nullable(),
  }),
  example: `- id: promoted
  action: drill.await
  with: { until: promoted, within: 45s }`,
  commands: ({ until, within }) => [
    { transport: "controller", text: `wait until ${until}, for ${formatExactDuration(within)} at most` },
  ],
  takesMs: ({ within }) => within + 30_000,
  async run({ until, within }, context) {
    const { at, after_fault_ms, new_primary } = await drillOf(context.life).until(until, within, context.signal);
    return { outputs: { at_ms: at, after_fault_ms, new_primary }, changed: false };
  },
});
