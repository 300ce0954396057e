import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "./argv.ts";
import { holdsSecret } from "./config-set.ts";
import { readDirectives } from "./directives.ts";

type Values = Readonly<Record<string, string>>;

/** Sets several directives of one instance, each with a value of its own; what they were is captured for undo. */
export const redisConfigSetMany = defineAction({
  name: "redis.config_set_many",
  summary: "Sets several directives in memory on each targeted instance, and captures what they were",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    values: z
      .record(z.string(), z.string())
      .refine((values) => !Object.keys(values).some(holdsSecret), {
        error: "hold a password; those are not set this way",
      })
      .describe("Directive to value, in Redis' own words"),
    rewrite: z.boolean().default(false).describe("CONFIG REWRITE behind them: the server's file gets them too"),
  }),
  output: z.strictObject({ values: z.record(z.string(), z.string()).describe("As the server reads them back") }),
  example: `- id: limits
  action: redis.config_set_many
  targets: { role: data }
  with: { values: { maxclients: "20000", timeout: "300" }, rewrite: true }
  undo: { action: redis.config_set_many, with: { values: "\${{ before.values }}", rewrite: true } }`,
  commands: (input) => argvs(input).map(redisCommand),
  onHost: (input) => argvs(input).map((argv) => ({ kind: "redis", argv })),
  before: async ({ values }, context) => ({
    values: await readDirectives(await context.redis(instanceOf(context)), Object.keys(values)),
  }),
  // A crash may have come between two of them: to set all of them again is as good as once.
  repeatable: true,
  async run(input, context) {
    const instance = instanceOf(context);
    const redis = await context.redis(instance);
    const names = Object.keys(input.values);
    const was = await readDirectives(redis, names);
    for (const argv of argvs(input)) {
      await redis.command(argv, { signal: context.signal }).catch((error: unknown) => {
        throw argv[1] === "REWRITE" ? notKept(instance.id, names, error) : error;
      });
    }
    const values = await readDirectives(redis, names);
    return { outputs: { values }, changed: names.some((name) => was[name] !== values[name]) };
  },
});

function argvs({ values, rewrite }: { values: Values; rewrite: boolean }): string[][] {
  return [
    ...Object.entries(values).map(([name, value]) => ["CONFIG", "SET", name, value]),
    ...(rewrite ? [["CONFIG", "REWRITE"]] : []),
  ];
}

function notKept(instance: string, names: readonly string[], cause: unknown): RedishaError {
  return new RedishaError({
    code: "CONFIG_NOT_KEPT",
    message: `${instance} has ${names.join(", ")} in memory, and cannot write its file: ${cause instanceof Error ? cause.message : ""}`,
    host: instance,
    state: "what was set goes with its next start",
    next: ["have its folder be writable for the server, or set it under redis.config in redisha.yaml: redisha init"],
    cause,
  });
}
