import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { parsePairs } from "../observe/parse.ts";
import { redisCommand } from "../redis/argv.ts";

const input = z.strictObject({
  info: durationSchema.describe("Between two looks at a server, e.g. 1s; 10s is Sentinel's own"),
  publish: durationSchema.describe("Between two greetings to the other Sentinels, e.g. 500ms; 2s is Sentinel's own"),
});

/**
 * Has a Sentinel look and speak more often, or as usual again. Sentinel keeps it in memory only. `SENTINEL DEBUG` is part
 * of Redis since 7.0 and does what its name does not say: it sets periods.
 */
export const sentinelPeriods = defineAction({
  name: "sentinel.periods",
  summary: "Sets how often each targeted Sentinel looks at servers and greets the others (7.0 and later)",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({}),
  example: `- id: quicken
  action: sentinel.periods
  targets: { role: sentinel, where: 'version_ge(host.version, "7.0")' }
  with: { info: 1s, publish: 500ms }
  undo:
    action: sentinel.periods
    with: { info: "\${{ before.info }}", publish: "\${{ before.publish }}" }
    armed: 30s`,
  commands: (periods) => [redisCommand(argvOf(periods))],
  onHost: (periods) => [{ kind: "redis", argv: argvOf(periods) }],
  async before(_input, context) {
    const { info, publish } = await periodsOf(await context.redis(instanceOf(context)));
    return { info: `${info}ms`, publish: `${publish}ms` };
  },
  async run(periods, context) {
    const connection = await context.redis(instanceOf(context));
    const was = await periodsOf(connection);
    await connection.command(argvOf(periods), { signal: context.signal });
    return { outputs: {}, changed: was.info !== periods.info || was.publish !== periods.publish };
  },
  repeatable: true,
});

function argvOf({ info, publish }: z.output<typeof input>): string[] {
  return ["SENTINEL", "DEBUG", "INFO-PERIOD", String(info), "PUBLISH-PERIOD", String(publish)];
}

async function periodsOf(connection: RedisConnection): Promise<{ info: number; publish: number }> {
  const all = parsePairs(await connection.command(["SENTINEL", "DEBUG"]));
  return { info: Number(all["info-period"] ?? 10_000), publish: Number(all["publish-period"] ?? 2_000) };
}
