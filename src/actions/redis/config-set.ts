import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "./argv.ts";
import { readDirectives } from "./directives.ts";

/** Directives that hold passwords: CONFIG SET would put them into plans and journals. */
const SECRET = /^(requirepass|masterauth|primaryauth|masteruser|tls-key-file-pass|tls-client-key-file-pass)$/i;

/** Whether CONFIG SET of it would show a password. */
export function holdsSecret(directive: string): boolean {
  return SECRET.test(directive);
}

/** Sets one directive in memory; what it was before is captured for undo. */
export const redisConfigSet = defineAction({
  name: "redis.config_set",
  summary: "Sets a directive in memory on each targeted instance, and captures what it was",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    parameter: z
      .string()
      .refine((name) => !holdsSecret(name), { error: "holds a password; passwords are not set by redis.config_set" })
      .describe("Name of the directive"),
    value: z.union([z.string(), z.int()]).transform(String).describe("The new value, in Redis' own words"),
    rewrite: z
      .boolean()
      .default(false)
      .describe("CONFIG REWRITE behind it: the server's file gets it too, with all else that was changed in memory"),
  }),
  output: z.strictObject({ value: z.string().describe("The value as the server reads it back") }),
  example: `- id: slowlog
  action: redis.config_set
  targets: { role: replica }
  with: { parameter: slowlog-log-slower-than, value: "5000" }
  undo: { action: redis.config_set, with: { parameter: slowlog-log-slower-than, value: "\${{ before.value }}" } }`,
  commands: (input) => argvs(input).map(redisCommand),
  onHost: (input) => argvs(input).map((argv) => ({ kind: "redis", argv })),
  async before({ parameter }, context) {
    const values = await readDirectives(await context.redis(instanceOf(context)), [parameter]);
    return { value: values[parameter] };
  },
  async run(input, context) {
    const { parameter } = input;
    const connection = await context.redis(instanceOf(context));
    const was = await readDirectives(connection, [parameter]);
    for (const argv of argvs(input)) await connection.command(argv, { signal: context.signal });
    const is = await readDirectives(connection, [parameter]);
    return { outputs: { value: is[parameter] ?? "" }, changed: was[parameter] !== is[parameter] };
  },
  /** Compared with what it was, not with what was wanted: the server writes `100mb` as 104857600. */
  async probe({ parameter }, context, before) {
    const values = await readDirectives(await context.redis(instanceOf(context)), [parameter]);
    return values[parameter] !== before.value;
  },
});

function argvs({ parameter, value, rewrite }: { parameter: string; value: string; rewrite: boolean }): string[][] {
  return [["CONFIG", "SET", parameter, value], ...(rewrite ? [["CONFIG", "REWRITE"]] : [])];
}
