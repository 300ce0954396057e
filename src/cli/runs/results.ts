import { z } from "zod";
import { errorSchema as eventErrorSchema } from "../../engine/journal-entry.ts";
import { RUN_STATES } from "../../engine/run-state.ts";

/** What the runs commands answer with `--json`; `show` answers with the story of src/report. */

const recordSchema = z.strictObject({
  run: z.string(),
  runbook: z.string(),
  deployment: z.string(),
  state: z.enum(RUN_STATES),
  started_at: z.string(),
  last_at: z.string().describe("Time of the journal's last line"),
  user: z.string(),
  controller: z.string().describe("Host name of the operator's machine"),
  exit: z.int().nullable().describe("Exit status of the last process; null where it did not end by itself"),
  journal: z.string(),
});

export const runsListResultSchema = z.strictObject({
  runs: z.array(recordSchema),
  more: z.boolean().describe("There are older ones than --limit lets through"),
});

export const runsVerifyResultSchema = z.strictObject({
  journals: z.array(
    z.strictObject({
      run: z.string(),
      ok: z.boolean(),
      lines: z.int().describe("Lines that hang together"),
      digest: z.string().describe("SHA-256 of the last of them"),
      fault: z.string().nullable(),
      exit: z.int(),
    }),
  ),
});

export const runsReportResultSchema = z.strictObject({
  run: z.string(),
  format: z.enum(["md", "html"]),
  file: z.string().nullable().describe("Where it was written; null where it is in `text`"),
  text: z.string().nullable(),
});

/** How a run ended: the result of run, runs resume and runs rollback. */
export const runSummarySchema = z.strictObject({
  run: z.string(),
  runbook: z.string(),
  deployment: z.string(),
  status: z.enum(["done", "failed", "cancelled", "paused", "rolled_back"]),
  exit: z.int(),
  duration_ms: z.int(),
  tolerated_failures: z.int().describe("Steps that failed and were allowed to"),
  left_out: z.array(z.string()).readonly().describe("Instances that steps left out because they do not answer"),
  error: eventErrorSchema.nullable(),
  outputs: z.record(z.string(), z.unknown()).readonly(),
  rollback: z
    .strictObject({
      undone: z.array(z.string()).readonly(),
      kept: z.array(z.string()).readonly().describe("These stand: their steps have no way back"),
      left: z.array(z.string()).readonly().describe("Still to be taken back"),
    })
    .nullable(),
  journal: z.string().nullable().describe("Null for a run that only reads"),
});

export const plannedRollbackSchema = z.strictObject({
  run: z.string(),
  ops: z.array(
    z.strictObject({
      step: z.string(),
      target: z.string(),
      how: z
        .enum(["undo", "kept", "gone"])
        .describe("kept: it has no way back; gone: the runbook or redisha.yaml does not have it any more"),
      in_doubt: z.boolean().describe("Whether it took effect is found out first"),
      commands: z.array(z.string()).readonly(),
    }),
  ),
});

export const runsRollbackResultSchema = z.union([runSummarySchema, plannedRollbackSchema]);

export type RunsListResult = z.infer<typeof runsListResultSchema>;
export type RunsVerifyResult = z.infer<typeof runsVerifyResultSchema>;
export type RunsReportResult = z.infer<typeof runsReportResultSchema>;
export type PlannedRollback = z.infer<typeof plannedRollbackSchema>;
