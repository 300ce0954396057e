import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { argvSchema, redisCommand } from "./argv.ts";

/** Sends one command that may change something. */
export const redisCommandAction = defineAction({
  name: "redis.command",
  summary: "Sends one command to each targeted instance and gives its reply",
  scope: "instance",
  effect: "change",
  secretsIn: ["command"],
  input: z.strictObject({ command: argvSchema }),
  output: z.strictObject({ reply: z.unknown().describe("The reply: text, number, null or a list") }),
  example: `- id: unpause
  action: redis.command
  targets: { role: data, where: host.up }
  with: { command: [CLIENT, UNPAUSE] }
  undo: none`,
  commands: ({ command }) => [redisCommand(command)],
  onHost: ({ command }) => [{ kind: "redis", argv: command }],
  async run({ command }, context) {
    const connection = await context.redis(instanceOf(context));
    return { outputs: { reply: await connection.command(command, { signal: context.signal }) }, changed: true };
  },
});
