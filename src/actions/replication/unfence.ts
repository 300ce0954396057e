import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { guardSchema, unfenceCommands } from "./fence.ts";

/** Lets a server take writes again that a switchover had fenced; a host can do it alone. */
export const replicationUnfence = defineAction({
  name: "replication.unfence",
  summary: "Puts back what a switchover set to keep writes out, in memory and in the configuration file",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ was: guardSchema.describe("What stood before, as the switchover captured it") }),
  output: z.strictObject({}),
  example: `- id: switch
  action: sentinel.switchover
  targets: { role: primary }
  with: {}
  undo: { action: replication.unfence, with: { was: "\${{ before.guard }}" }, armed: 30s }`,
  commands: ({ was }) => unfenceCommands(was).map(redisCommand),
  onHost: ({ was }) => unfenceCommands(was).map((argv) => ({ kind: "redis", argv })),
  async run({ was }, context) {
    const connection = await context.redis(instanceOf(context));
    for (const argv of unfenceCommands(was)) await connection.command(argv);
    return { outputs: {}, changed: true };
  },
  /** Doing it twice does no harm. */
  probe: async () => false,
});
