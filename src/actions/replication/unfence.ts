import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { guardSchema, unfenceCommands } from "./fence.ts";
import { yieldScript, yieldToPromoted } from "./yield-to-promoted.ts";

/**
 * Lets a server take writes again that a switchover had fenced, or has it follow whoever was promoted in its place; a host can
 * do it alone. Fails with FENCE_KEPT where that cannot be told.
 */
export const replicationUnfence = defineAction({
  name: "replication.unfence",
  summary:
    "Puts back what a switchover set to keep writes out, in memory and in the configuration file; first it follows who was promoted",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ was: guardSchema.describe("What stood before, as the switchover captured it") }),
  output: z.strictObject({}),
  example: `- id: switch
  action: sentinel.switchover
  targets: { role: primary }
  with: {}
  undo: { action: replication.unfence, with: { was: "\${{ before.guard }}" }, armed: 30s }`,
  commands: ({ was }) => [
    { transport: "redis", text: "REPLICAOF ‹new primary›  # where one was promoted, and it is no replica yet" },
    ...unfenceCommands(was).map(redisCommand),
  ],
  onHost: ({ was }) => [
    { kind: "dialogue", script: yieldScript(was) },
    ...unfenceCommands(was).map((argv) => ({ kind: "redis" as const, argv })),
  ],
  async run({ was }, context) {
    await yieldToPromoted(was, context);
    const connection = await context.redis(instanceOf(context));
    for (const argv of unfenceCommands(was)) await connection.command(argv);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});
