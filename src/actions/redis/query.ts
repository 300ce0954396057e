import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { argvSchema, redisCommand } from "./argv.ts";
import { isReadOnly } from "./read-only.ts";

/** Sends one command that only reads; it runs while planning too. */
export const redisQuery = defineAction({
  name: "redis.query",
  summary: "Sends one command that only reads, and gives its reply",
  scope: "instance",
  effect: "read",
  secretsIn: ["command"],
  input: z.strictObject({
    command: argvSchema.refine(isReadOnly, {
      error: "is not known to be read-only; use redis.command, which the plan shows and does not run",
    }),
  }),
  output: z.strictObject({ reply: z.unknown().describe("The reply: text, number, null or a list") }),
  example: `- id: size
  action: redis.query
  targets: { role: primary }
  with: { command: [DBSIZE] }`,
  commands: ({ command }) => [redisCommand(command)],
  async run({ command }, context) {
    const connection = await context.redis(instanceOf(context));
    return { outputs: { reply: await connection.command(command, { signal: context.signal }) }, changed: false };
  },
});
