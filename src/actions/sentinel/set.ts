import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { parsePairs } from "../observe/parse.ts";
import { redisCommand } from "../redis/argv.ts";

const input = z.strictObject({
  group: z.string().describe("Sentinel's name for the group"),
  settings: z
    .array(
      z.strictObject({
        name: z.enum(["quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs"]),
        value: z.string(),
      }),
    )
    .describe("What it is to go by, without a restart"),
});
type Input = z.output<typeof input>;

/** Sets what a running Sentinel goes by. It writes its file anew at once, also where a value was so already. */
export const sentinelSet = defineAction({
  name: "sentinel.set",
  summary: "Sets quorum and times of each targeted Sentinel while it runs; it writes them into its file by itself",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({}),
  example: `- id: patience
  action: sentinel.set
  targets: { role: sentinel }
  with: { group: mymaster, settings: [{ name: down-after-milliseconds, value: "5000" }] }
  undo: { action: sentinel.set, with: { group: "\${{ before.group }}", settings: "\${{ before.settings }}" } }`,
  repeatable: true,
  commands: (wanted) => argvsOf(wanted).map(redisCommand),
  async before({ group, settings }, context) {
    const told = await masterOf(await context.redis(instanceOf(context)), group, context.signal);
    return { group, settings: settings.map(({ name }) => ({ name, value: told[name] ?? "" })) };
  },
  async run(wanted, context) {
    const redis = await context.redis(instanceOf(context));
    for (const argv of argvsOf(wanted)) await redis.command(argv, { signal: context.signal });
    return { outputs: {}, changed: argvsOf(wanted).length > 0 };
  },
});

function argvsOf({ group, settings }: Input): string[][] {
  return settings.map(({ name, value }) => ["SENTINEL", "SET", group, name, value]);
}

/** What a Sentinel says of a group: fields of SENTINEL MASTER. */
export async function masterOf(
  redis: RedisConnection,
  group: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  return parsePairs(await redis.command(["SENTINEL", "MASTER", group], { signal }));
}
