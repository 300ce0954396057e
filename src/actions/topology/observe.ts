import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** Reads everything that the topology is made of from one instance, in one round trip. */
export const instanceObserve = defineAction({
  name: "instance.observe",
  summary: "Reads role, replication, memory, persistence, Sentinel and Cluster state of each targeted instance at once",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({
    reached: z.boolean(),
    code: z.string().nullable().describe("Why it could not be reached"),
    message: z.string().nullable(),
  }),
  example: `- id: look
  action: instance.observe
  targets: { role: any }
  with: {}`,
  commands: (_input, { instance }) =>
    instance?.kind === "sentinel"
      ? [
          ["INFO"],
          ["SENTINEL", "MASTER"],
          ["SENTINEL", "REPLICAS"],
          ["SENTINEL", "SENTINELS"],
          ["SENTINEL", "CKQUORUM"],
        ].map(redisCommand)
      : [["INFO"], ["ROLE"], ["CONFIG", "GET"], ["CLUSTER", "INFO"], ["CLUSTER", "NODES"]].map(redisCommand),
  async run(_input, context) {
    const { reach } = await context.look(instanceOf(context));
    const outputs = reach.ok
      ? { reached: true, code: null, message: null }
      : { reached: false, code: reach.code, message: reach.message };
    return { outputs, changed: false };
  },
});
