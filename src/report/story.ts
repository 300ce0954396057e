import { z } from "zod";
import { STEP_STATUSES } from "../engine/events.ts";
import { errorSchema } from "../engine/journal-entry.ts";
import { RUN_STATES } from "../engine/run-state.ts";

/** What became of a run, told in order: what `runs show` prints and reports are made of. */

const opSchema = z.strictObject({
  step: z.string().describe("Path of the step: replicas[r2:6379].restart"),
  target: z.string().describe("Instance or host; controller for the operator's machine"),
  undo: z.boolean().describe("It takes an earlier op back"),
  attempt: z.int(),
  effect: z.string(),
  status: z
    .enum([...STEP_STATUSES, "open"])
    .describe("open: it was started, and nothing tells how it ended: the process died, or it goes on"),
  settled: z.string().nullable().describe("What told later that an open op took effect, or that it did not"),
  started_at: z.string(),
  duration_ms: z.int().nullable(),
  commands: z.array(z.string()).readonly(),
  before: z.record(z.string(), z.unknown()).readonly().nullable().describe("As captured before the change"),
  outputs: z.unknown(),
  error: errorSchema.nullable(),
});

const place = { step: z.string(), target: z.string() };
const placeSchema = z.strictObject(place);
const lease_ms = z.int().describe("The host acts when the run is silent for so long");

const armedEventSchema = z.discriminatedUnion("kind", [
  z.strictObject({ at: z.string(), kind: z.literal("armed"), ...place, host: z.string(), lease_ms }),
  z.strictObject({ at: z.string(), kind: z.literal("disarmed"), ...place }),
  z.strictObject({
    at: z.string().describe("When the run learned of it"),
    kind: z.literal("restored_by_host"),
    ...place,
    host: z.string(),
    host_at: z.string().describe("When the host put it back, by its own clock"),
    ok: z.boolean().describe("false: the host tried for as long as it does, and gave up"),
  }),
]);

export const storySchema = z.strictObject({
  run: z.string(),
  runbook: z.string(),
  version: z.string(),
  ref: z.string().describe("Path of the runbook"),
  runbook_digest: z.string(),
  deployment: z.string(),
  inventory: z.string().describe("Path of the redisha.yaml"),
  inputs: z.record(z.string(), z.unknown()).readonly(),
  state: z.enum(RUN_STATES),
  exit: z.int().nullable().describe("Exit status of the last process; null where it did not end by itself"),
  error: errorSchema.nullable(),
  started_at: z.string(),
  ended_at: z.string().describe("Time of the last line"),
  sittings: z
    .array(
      z.strictObject({
        at: z.string(),
        how: z.enum(["run", "resume", "rollback"]),
        user: z.string(),
        controller: z.string(),
        changed_runbook: z.boolean().describe("The runbook's text was not the one before"),
      }),
    )
    .describe("Who worked on it, and from where"),
  ops: z.array(opSchema),
  armed: z.array(armedEventSchema).describe("What became of the undos that hosts were given to hold"),
  pauses: z.array(z.strictObject({ at: z.string(), reason: errorSchema })),
  approvals: z.array(z.strictObject({ at: z.string(), what: z.string(), how: z.string(), user: z.string() })),
  violations: z.array(z.strictObject({ at: z.string(), id: z.string(), assert: z.string(), action: z.string() })),
  point_of_no_return: z.string().nullable().describe("The step behind which there was no way back, once passed"),
  in_doubt: z.array(placeSchema),
  to_undo: z
    .array(placeSchema)
    .describe("What changed, or may have, and is not taken back; in the order of going back"),
  held: z
    .array(z.strictObject({ ...place, host: z.string(), lease_ms, armed_at: z.string() }))
    .describe(
      "Undos that hosts hold, as far as the journal knows: without a sign of life they carry them out by themselves",
    ),
  next: z.array(z.string()).describe("Commands to type, most useful first"),
  journal: z.string(),
  lines: z.int(),
  digest: z.string().describe("SHA-256 of the journal's last line, which stands for all of them"),
  fault: z.string().nullable().describe("What is wrong with the journal; null where its chain holds"),
});

export type RunStory = z.infer<typeof storySchema>;
export type ToldOp = RunStory["ops"][number];
export type ArmedEvent = RunStory["armed"][number];
