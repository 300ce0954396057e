import { z } from "zod";
import type { PastDrill } from "../../drill/history.ts";
import { drillReportSchema } from "../../drill/report-schema.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { runSummarySchema } from "../runs/results.ts";

const deviationsSchema = z
  .array(z.object({ instance: z.string(), what: z.string(), before: z.string(), after: z.string() }))
  .nullable();

/** What `redisha failover-test --json` answers. */
export const failoverTestResultSchema = z.strictObject({
  ...runSummarySchema.omit({ outputs: true }).shape,
  report: drillReportSchema.nullable().describe("What the drill found; null where the run did not come so far"),
  directory: z.string().nullable().describe("Where the report and the recording are kept"),
  written: z.array(z.string()).readonly().describe("Files that --report asked for"),
  deviations: deviationsSchema.describe(
    "What nothing should have changed, and is another now; null where nobody looked",
  ),
});

export type FailoverTestResult = z.infer<typeof failoverTestResultSchema>;

/** The summary of the run, with what its drill found. */
export function failoverTestResult(
  { outputs, ...summary }: RunSummary,
  found: PastDrill | undefined,
  written: readonly string[],
): FailoverTestResult {
  return {
    ...summary,
    rollback: summary.rollback && { ...summary.rollback },
    report: found?.report ?? null,
    directory: found?.directory ?? null,
    written,
    deviations: deviationsSchema.catch(null).parse(outputs.deviations),
  };
}
