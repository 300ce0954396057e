import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { forgetEverywhere } from "./membership.ts";

const POLL_MS = 1_000;

/** Has every node forget one that is gone. */
export const clusterForget = defineAction({
  name: "cluster.forget",
  summary:
    "Has every node forget one that is gone; those that are away are waited for, and all are told again with them",
  scope: "controller",
  effect: "change",
  input: z.strictObject({
    node_id: z.string().describe("Forty hexadecimal digits, as CLUSTER NODES shows it"),
    wait: durationSchema.default(0).describe("How long to wait for nodes that are away, and would bring it back"),
  }),
  output: z.strictObject({
    told: z.array(z.string()).describe("Who has forgotten it"),
    away: z.array(z.string()).describe("Members that could not be told, and may bring it back"),
  }),
  example: `- id: forget
  action: cluster.forget
  with: { node_id: "\${{ vars.node_id }}", wait: 10m }
  undo: none`,
  commands: ({ node_id }) => [{ transport: "redis", text: `CLUSTER FORGET ${node_id}  # on every node, at once` }],
  takesMs: ({ wait }) => wait + 120_000,
  async run({ node_id, wait }, context) {
    const deadline = performance.now() + wait;
    const told = new Set<string>();
    for (;;) {
      const forgotten = await forgetEverywhere(node_id, context);
      for (const id of forgotten.told) told.add(id);
      if (forgotten.away.length === 0 || performance.now() > deadline) {
        return { outputs: { told: [...told].sort(), away: forgotten.away }, changed: told.size > 0 };
      }
      context.progress(`waiting for ${forgotten.away.join(", ")}`);
      await sleep(POLL_MS, context.signal);
      context.forgetFailures();
    }
  },
  repeatable: true,
});
