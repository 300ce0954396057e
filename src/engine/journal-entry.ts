import { z } from "zod";
import { EXIT } from "../core/exit-codes.ts";
import { STEP_STATUSES } from "./events.ts";

/**
 * The lines of a journal. It is the record that resume, rollback, audits and reports rest on, and is read by other
 * programs: keys are only ever added.
 */

const record = z.record(z.string(), z.unknown()).readonly();

const exitSchema = z.literal(Object.values(EXIT));

export const errorSchema = z.object({
  code: z.string(),
  exit: exitSchema,
  message: z.string(),
  host: z.string().optional(),
  state: z.string().optional(),
  next: z.array(z.string()).readonly(),
});

/** Who writes from here on, and the process that does it. */
const writer = {
  user: z.string(),
  controller: z.string().describe("Host name of the operator's machine"),
  pid: z.int(),
  process_started: z.int().default(0).describe("Clock ticks after boot: a pid is used again; 0 where it is not known"),
  boot: z.string().default("").describe("Id of that boot; empty where it is not known"),
};

/** Which op a line is about: a step, by its path, on one target. */
const op = {
  step: z.string().describe("Path of the step: replicas[r2:6379].restart"),
  target: z.string().describe("Instance or host; controller for the operator's machine"),
};

export const entrySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("run_started"),
    schema: z.literal(1),
    run: z.string(),
    started_at: z.string(),
    runbook: z.string(),
    version: z.string(),
    ref: z.string().describe("Path of the runbook"),
    digest: z.string().describe("SHA-256 of the runbook's text"),
    deployment: z.string(),
    inventory: z.string().describe("Path of the redisha.yaml"),
    inputs: record,
    ...writer,
  }),
  z.object({
    kind: z.literal("vars"),
    path: z.string().describe("Path of the runbook's step; empty for the outermost"),
    values: record,
  }),
  z.object({
    kind: z.literal("intent"),
    ...op,
    attempt: z.int(),
    effect: z.string(),
    commands: z.array(z.string()).readonly(),
    before: record.optional().describe("What undo needs, captured before the change"),
    undo: z.boolean().describe("This op takes an earlier one back"),
  }),
  z.object({
    kind: z.literal("outcome"),
    ...op,
    attempt: z.int(),
    status: z.enum(STEP_STATUSES),
    duration_ms: z.int(),
    outputs: z.unknown().optional(),
    error: errorSchema.optional(),
    undo: z.boolean(),
    partial: z.literal(true).optional().describe("It failed, and may have changed a part: going back takes it back"),
  }),
  z.object({
    kind: z.literal("settled"),
    ...op,
    took_effect: z.boolean(),
    by: z.string().describe("What told: probe, verify, or the operator"),
    undo: z.boolean().optional().describe("It is about what takes the op back"),
    partial: z
      .literal(true)
      .optional()
      .describe("It is done again, and may have changed a part before: going back takes it back"),
  }),
  z.object({
    kind: z.literal("armed"),
    ...op,
    host: z.string(),
    id: z.string().describe("Of the watchdog on the host"),
    lease_ms: z.int().describe("The host puts the change back by itself when the run is silent for so long"),
  }),
  z.object({ kind: z.literal("disarmed"), ...op }),
  z.object({
    kind: z.literal("restored_by_host"),
    ...op,
    host: z.string(),
    host_at: z.string().describe("By the host's clock"),
    ok: z.boolean(),
  }),
  z.object({ kind: z.literal("approval"), what: z.string(), how: z.string(), user: z.string() }),
  z.object({ kind: z.literal("point_of_no_return"), step: z.string() }),
  z.object({ kind: z.literal("invariant"), id: z.string(), assert: z.string(), action: z.string() }),
  z.object({ kind: z.literal("going_back"), reason: errorSchema.describe("Why the run takes itself back") }),
  z.object({
    kind: z.literal("paused"),
    reason: errorSchema,
    step: z.string().optional().describe("The step that had failed by then, and is begun anew when the run goes on"),
  }),
  z.object({
    kind: z.literal("continued"),
    how: z.enum(["resume", "rollback"]),
    ...writer,
    digest: z.string(),
  }),
  z.object({
    kind: z.literal("run_finished"),
    status: z.enum(["done", "failed", "cancelled", "rolled_back"]),
    exit: exitSchema,
    error: errorSchema.optional(),
  }),
]);

export type JournalEntry = z.infer<typeof entrySchema>;

/** A line as it stands in the file. */
export const lineSchema = z.intersection(
  z.object({ seq: z.int(), prev: z.string().describe("SHA-256 of the line before"), at: z.string() }),
  entrySchema,
);

export type JournalLine = z.infer<typeof lineSchema>;
