import { z } from "zod";
import { drillReportSchema } from "../../drill/report-schema.ts";

/** What the drills commands answer with `--json`; `show` answers with the report itself. */

const { figures, verdict } = drillReportSchema.shape;
const figure = z.number().nullable();

const skippedSchema = z
  .array(z.strictObject({ path: z.string(), why: z.string() }))
  .readonly()
  .describe("Folders that are no drill, or a damaged one");

export const drillsListResultSchema = z.strictObject({
  drills: z
    .array(
      z.strictObject({
        run: z.string(),
        deployment: z.string(),
        mode: z.string(),
        started_at: z.string(),
        verdict: verdict.shape.state,
        good: z.boolean().describe("Within the budget; without one, nothing was lost and clients came back"),
        write_outage_ms: figure,
        read_outage_ms: figure,
        lost_writes: figure,
        lost_writes_any: figure,
        redundant_ms: figure,
      }),
    )
    .readonly(),
  more: z.boolean().describe("There are older ones than --limit lets through"),
  skipped: skippedSchema,
});

export const drillsCompareResultSchema = z.strictObject({
  drills: z
    .array(
      z.strictObject({
        run: z.string(),
        deployment: z.string(),
        mode: z.string(),
        started_at: z.string(),
        verdict,
        figures,
      }),
    )
    .readonly()
    .describe("The oldest first"),
  skipped: skippedSchema,
});

export type DrillsListResult = z.infer<typeof drillsListResultSchema>;
export type DrillsCompareResult = z.infer<typeof drillsCompareResultSchema>;
