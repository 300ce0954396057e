import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "./argv.ts";
import { readDirectives } from "./directives.ts";

/** Reads directives as the server holds them in memory. */
export const redisConfigGet = defineAction({
  name: "redis.config_get",
  summary: "Reads directives as each targeted instance holds them in memory",
  scope: "instance",
  effect: "read",
  input: z.strictObject({ parameters: z.array(z.string()).min(1).describe("Names of directives") }),
  output: z.strictObject({ values: z.record(z.string(), z.string()).describe("Directive to value") }),
  example: `- id: before
  action: redis.config_get
  targets: { role: data }
  with: { parameters: [slowlog-log-slower-than] }`,
  commands: ({ parameters }) => parameters.map((name) => redisCommand(["CONFIG", "GET", name])),
  async run({ parameters }, context) {
    const connection = await context.redis(instanceOf(context));
    return { outputs: { values: await readDirectives(connection, parameters) }, changed: false };
  },
});
