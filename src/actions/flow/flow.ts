import { z } from "zod";
import type { ActionContext, ActionOutcome } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

const nothing: ActionOutcome<Record<string, never>> = { outputs: {}, changed: false };
const empty = z.strictObject({});

/** Stops the run unless every condition holds. The engine evaluates them; they were compiled with the runbook. */
export const assertAction = defineAction({
  name: "assert",
  summary: "Fails unless every condition holds; all that do not are reported",
  scope: "any",
  effect: "read",
  input: z.looseObject({}),
  output: empty,
  example: `- id: healthy
  action: assert
  with:
    that:
      - expr: topo.nodes.all(n, n.up)
        message: An instance is down`,
  commands: () => [],
  run: async () => nothing,
});

/** Looks again and again until the step's `until` holds or its time is up. */
export const waitFor = defineAction({
  name: "wait_for",
  summary: "Looks at the deployment again and again until `until` holds, or the step's timeout is up",
  scope: "any",
  effect: "read",
  input: z.strictObject({ interval: durationSchema.default(1000).describe("Between two looks, e.g. 2s") }),
  output: empty,
  example: `- id: in_sync
  action: wait_for
  targets: { role: replica }
  with: { interval: 1s }
  until: host.link_up && host.lag == 0
  timeout: 1m`,
  commands: () => [],
  run: async () => nothing,
});

/** Computes values for later steps. */
export const setAction = defineAction({
  name: "set",
  summary: "Computes values; later steps read them as steps.<id>.outputs.<name>",
  scope: "any",
  effect: "read",
  input: z.record(z.string(), z.unknown()),
  output: z.record(z.string(), z.unknown()),
  example: `- id: names
  action: set
  with: { key: "canary:\${{ run.id }}" }`,
  commands: () => [],
  run: async (input) => ({ outputs: input, changed: false }),
});

/** Asks before the run goes on; the answer is kept in the journal. */
export const confirmAction = defineAction({
  name: "confirm",
  summary: "Asks the operator; without an answer the run does not go on",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    message: z.string(),
    type_to_confirm: z.string().optional().describe("What must be typed; without it, yes is enough"),
  }),
  output: z.strictObject({ how: z.string().describe("How it was agreed to") }),
  example: `- id: go
  action: confirm
  with: { message: "Go on?", type_to_confirm: "\${{ cluster.name }}" }`,
  commands: ({ message }) => [{ transport: "controller", text: `ask: ${message}` }],
  async run({ message, type_to_confirm }, context) {
    const { how } = await context.approve({ what: message, ...(type_to_confirm ? { typed: type_to_confirm } : {}) });
    return { outputs: { how }, changed: false };
  },
});

/** The engine stops the run behind this step; it goes on with `redisha runs resume`. */
export const pauseAction = defineAction({
  name: "pause",
  summary: "Pauses the run; it goes on with redisha runs resume",
  scope: "controller",
  effect: "read",
  input: z.strictObject({ message: z.string().describe("What to look at before going on") }),
  output: z.strictObject({ message: z.string() }),
  example: `- id: look
  action: pause
  with: { message: Look at the dashboards }`,
  commands: ({ message }) => [{ transport: "controller", text: `pause: ${message}` }],
  run: async ({ message }) => ({ outputs: { message }, changed: false }),
});

/** The two that hold other steps: the engine carries them out itself. */
export const blockAction = defineAction({
  name: "block",
  summary: "Runs its steps in order, once per target; `rescue` when one fails, `always` however it ends",
  scope: "any",
  effect: "read",
  input: z.looseObject({}),
  output: empty,
  example: `- id: replicas
  action: block
  targets: { role: replica }
  rollout: { serial: 1 }
  steps:
    - id: answers
      action: redis.query
      with: { command: [PING] }`,
  commands: () => [],
  run: refused("block"),
});

export const runbookAction = defineAction({
  name: "runbook",
  summary: "Runs another runbook as one step",
  scope: "controller",
  effect: "read",
  input: z.looseObject({}),
  output: z.record(z.string(), z.unknown()),
  example: `- id: canary
  action: runbook
  with: { ref: "builtin:canary" }`,
  commands: () => [],
  run: refused("runbook"),
});

/** The engine never gets here: it refuses the step before the run starts, or carries it out itself. */
function refused(name: string): (input: unknown, context: ActionContext) => Promise<never> {
  return () => Promise.reject(new TypeError(`the action ${name} is not run as an op`));
}
