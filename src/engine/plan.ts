import { z } from "zod";
import { EFFECTS } from "../runbook/effect.ts";

/** What a run would do, as data: printed by --dry-run, sealed by --plan-out, held against what then runs. */

const commandSchema = z.strictObject({
  transport: z.enum(["redis", "exec", "script", "upload", "controller"]),
  text: z.string().describe("RESP command or argv, as written for people; secrets are masked"),
});

const opSchema = z.strictObject({
  target: z.string(),
  commands: z.array(commandSchema).readonly(),
  undo: z
    .union([z.literal("none"), z.array(commandSchema).readonly()])
    .nullable()
    .describe("What takes it back; null for what changes nothing"),
});

const certaintySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("exact") }),
  z.strictObject({ kind: z.literal("conditional"), on: z.string() }),
  z.strictObject({ kind: z.literal("known_after"), step: z.string() }),
]);

const stepSchema = z.strictObject({
  step: z.string().describe("Path of the step: replicas[r2:6379].fence"),
  name: z.string(),
  action: z.string(),
  effect: z.enum(EFFECTS),
  depth: z.int(),
  certainty: certaintySchema,
  batches: z.array(z.array(opSchema).readonly()).readonly().describe("The rollout, batch by batch"),
  live: z.boolean().describe("Targets are looked up again when the step starts"),
  skipped: z.enum(["condition", "done"]).optional(),
  note: z.string().optional(),
  point_of_no_return: z
    .union([z.boolean(), z.string()])
    .optional()
    .describe("Behind this step there is no way back; a text is the condition for that"),
  health: z
    .array(z.string())
    .readonly()
    .optional()
    .describe("For each batch: what the deployment is able to do while its targets are away"),
});

export const planSchema = z.strictObject({
  schema: z.literal(1),
  run: z.string().describe("Id that the run gets when this plan is run"),
  started_at: z.string(),
  runbook: z.strictObject({ name: z.string(), version: z.string(), digest: z.string(), origin: z.string() }),
  deployment: z.string(),
  created_at: z.string(),
  stops_at: z.string().optional().describe("The gate that would stop the run now: what follows would not be reached"),
  steps: z.array(stepSchema).readonly(),
});

export type Certainty = z.infer<typeof certaintySchema>;
export type PlannedCommand = z.infer<typeof commandSchema>;
export type PlannedOp = z.infer<typeof opSchema>;
export type PlannedStep = z.infer<typeof stepSchema>;
export type Plan = z.infer<typeof planSchema>;
