import { z } from "zod";
import { parseDuration } from "../core/units.ts";
import { EFFECTS } from "./effect.ts";
import { INPUT_TYPES } from "./model.ts";
import { VERSION_RANGE } from "./version-range.ts";

/** The file as it is written. What stands between steps (ids, references, types) is checked after this. */

export const NAME = /^[a-z][a-z0-9_]*$/;

const name = z.string().regex(NAME, "a name is lower case letters, digits and _, and starts with a letter");

const duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, "expected a duration such as 500ms, 30s, 5m or 1h30m")
  .meta({ description: "500ms, 30s, 5m, 1h30m, 1d", pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$" });

const expression = z.string().meta({ description: "A CEL expression" });
const condition = z.union([z.boolean(), expression]).meta({ description: "A CEL expression that is true or false" });

const onFailure = z.enum(["abort", "pause", "continue", "rollback"]);

const retry = z.strictObject({
  attempts: z.int().min(1).max(1_000).describe("How often in all, the first time included"),
  delay: duration.optional().describe("Wait before the second attempt; 1s where it is not said"),
  backoff: z.number().min(1).max(10).optional().describe("Factor by which the wait grows"),
  max_delay: duration.optional(),
  jitter: z.boolean().optional().describe("Vary the wait, so that many do not come back at once"),
  on: z.array(z.string()).optional().describe("Error codes that are worth another attempt; any where it is not said"),
});

const batch = z.union([
  z.int().min(1),
  z.literal("all"),
  z.string().regex(/^(100|[1-9]?\d)%$/, "a batch is a number, a share such as 30%, or all"),
]);

const rollout = z.strictObject({
  serial: z
    .union([batch, z.array(batch).min(1)])
    .optional()
    .describe("Batch sizes; the last repeats"),
  max_failures: z.int().min(0).optional().describe("Failures tolerated over the whole rollout"),
  pause_between: z.string().optional().describe("Wait between batches: a duration or ${{ }}"),
});

const targets = z.strictObject({
  role: z.enum(["any", "data", "primary", "replica", "sentinel"]),
  where: expression.optional(),
  hosts: z.array(z.string()).min(1).optional().describe("Instance ids or host names"),
  order_by: expression.optional(),
  limit: z.int().min(1).optional(),
  per: z.enum(["instance", "host"]).optional().describe("host: once for each machine, however many instances it has"),
  resolve: z.enum(["plan", "live"]).optional(),
});

const withData = z.record(z.string(), z.unknown());

const actionCall = z.strictObject({ action: z.string(), with: withData.optional() });

/** Steps are checked one by one, so that a mistake in one does not hide the others: lists of them stay raw here. */
const rawSteps = z.array(z.unknown()).min(1);

export const stepFields = {
  id: name.describe("Unique in the runbook"),
  name: z.string().optional().describe("For people"),
  action: z.string(),
  with: withData.optional(),
  targets: targets.optional(),
  rollout: rollout.optional(),
  when: condition.optional().describe("False: the step is skipped"),
  skip_if: condition.optional().describe("True: the step is already done"),
  until: condition.optional().describe("wait_for and reads: repeated until it holds"),
  retry: retry.optional(),
  timeout: duration.optional(),
  failed_when: condition.optional(),
  verify: z.strictObject({ that: expression, within: duration.optional() }).optional(),
  probe: z
    .union([
      expression,
      actionCall.extend({ that: expression.describe("Holds where the step took effect; reads `result`") }),
    ])
    .optional()
    .describe(
      "Tells, after a crash, whether the step took effect: a condition, or an action that reads and a condition on its result",
    ),
  undo: z
    .union([
      z.literal("none"),
      actionCall.extend({
        armed: duration
          .optional()
          .describe("10s to 1h: the host carries the undo out by itself when the run is silent for so long"),
      }),
    ])
    .optional(),
  disarm: z
    .union([name, z.array(name).min(1)])
    .optional()
    .describe("Steps whose armed undo is let go of when this step has ended well"),
  point_of_no_return: condition.optional(),
  on_failure: onFailure.optional(),
  effect: z.enum(EFFECTS).optional().describe("May raise the action's own, never lower it"),
  outputs: z.record(name, expression).optional(),
  sensitive: z.boolean().optional(),
};

/** `with` of the actions that are part of the language; those of the catalogue check theirs by the action's own input. */
export const FLOW_INPUTS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  [
    "assert",
    z.strictObject({
      that: z.array(z.strictObject({ expr: condition, message: z.string().optional() })).min(1),
    }),
  ],
  ["block", z.strictObject({ ref: z.string().optional() })],
  ["runbook", z.strictObject({ ref: z.string(), inputs: withData.optional() })],
]);

export const stepSchema = z.strictObject({
  ...stepFields,
  steps: rawSteps.optional(),
  rescue: rawSteps.optional(),
  always: rawSteps.optional(),
});

export const inputSchema = z.strictObject({
  type: z.enum(INPUT_TYPES),
  default: z.unknown().optional(),
  required: z.boolean().optional(),
  pattern: z.string().optional().describe("A regular expression that the text must match"),
  enum: z.array(z.string()).min(1).optional().describe("For type enum: the values"),
  description: z.string().optional(),
});

const secret = z.strictObject({
  from: z
    .string()
    .regex(
      /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|exec:.+|prompt(:.*)?)$/,
      "write env:NAME, file:PATH, exec:COMMAND or prompt",
    ),
});

export const invariantSchema = z.strictObject({
  id: name,
  assert: expression,
  grace: duration.optional(),
  on_violation: z.enum(["warn", "pause", "abort", "rollback"]),
});

/** Everything of a runbook but its steps. */
const versionRange = z.string().regex(VERSION_RANGE, {
  error: "is no range of versions; write comparisons such as >=6.2, or >=7.0 <8.0",
});

export const headSchema = z.strictObject({
  apiVersion: z.literal("redisha/v1"),
  kind: z.literal("Runbook"),
  metadata: z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "a runbook's name is lower case letters, digits and -"),
    version: z.string(),
    description: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  requires: z
    .strictObject({
      engine: versionRange.optional().describe("Versions of redisha, e.g. >=0.5"),
      topology: z
        .array(z.enum(["replication", "sentinel", "cluster"]))
        .min(1)
        .optional(),
      redis: versionRange.optional().describe("Versions of the server, e.g. >=6.2, or >=7.0 <8.0"),
      answers: z
        .boolean()
        .optional()
        .describe("An instance answers: true, the default. With false it also runs where none does, to bring them up"),
    })
    .optional(),
  inputs: z.record(name, z.unknown()).optional(),
  secrets: z.record(name, secret).optional(),
  vars: z.record(name, expression).optional(),
  concurrency: z
    .strictObject({
      lock: z.enum(["cluster", "host", "none"]).optional(),
      on_conflict: z.enum(["fail", "wait"]).optional(),
      lease: duration.optional(),
    })
    .optional(),
  on_interrupt: z
    .enum(["pause", "abort"])
    .optional()
    .describe("First Ctrl-C: pause, to be resumed; or abort: always and finally run, and what hosts hold is put back"),
  defaults: z
    .strictObject({ timeout: duration.optional(), retry: retry.optional(), on_failure: onFailure.optional() })
    .optional(),
  invariants: z.array(z.unknown()).optional(),
  blocks: z.record(name, rawSteps).optional(),
  steps: rawSteps,
  finally: rawSteps.optional(),
  outputs: z.record(name, expression).optional(),
});

export type RawStep = z.infer<typeof stepSchema>;
export type RawHead = z.infer<typeof headSchema>;
export type RawInput = z.infer<typeof inputSchema>;
export type RawRetry = z.infer<typeof retry>;
export type RawTargets = z.infer<typeof targets>;
export type RawRollout = z.infer<typeof rollout>;
