import { z } from "zod";
import { loadSchema } from "../../size/load.ts";
import { sizingSchema } from "../../size/sizing.ts";

/** What `redisha size --json` answers. */
export const sizeResultSchema = z.strictObject({
  loads: z.array(loadSchema).describe("What was measured, a primary each, or what figures come to"),
  sizing: sizingSchema,
});

export type SizeResult = z.infer<typeof sizeResultSchema>;

const outputsSchema = z.object({
  loads: z.record(z.string(), z.object({ outputs: loadSchema })),
  sizing: sizingSchema,
});

/** The result among the outputs of the runbook size. */
export function resultIn(outputs: Readonly<Record<string, unknown>>): SizeResult {
  const { loads, sizing } = outputsSchema.parse(outputs);
  return { loads: Object.values(loads).map((each) => each.outputs), sizing };
}
