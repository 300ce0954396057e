import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { sleep } from "../../core/abort.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { parsePairs } from "../observe/parse.ts";
import { redisCommand } from "../redis/argv.ts";

const RECONNECT_MS = 10_000;

const input = z.strictObject({
  group: z.string().describe("The name by which the Sentinel knows the primary"),
  down_after: durationSchema.describe("How long a server may be silent before it counts as down, e.g. 1d"),
});

/**
 * Has a Sentinel wait longer, or as usual again, before it takes a server for down: nothing is promoted meanwhile. One that
 * has chosen a replica already, since it had not yet seen it stop, would promote it as soon as it is back.
 */
export const sentinelPatience = defineAction({
  name: "sentinel.patience",
  summary:
    "Sets after how long a silent server counts as down for each targeted Sentinel; Sentinel writes it into its configuration",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({}),
  example: `- id: freeze
  action: sentinel.patience
  targets: { role: sentinel, where: host.up }
  with: { group: "\${{ topo.master_name }}", down_after: 1d }
  undo:
    action: sentinel.patience
    with: { group: "\${{ topo.master_name }}", down_after: "\${{ before.down_after }}" }
    armed: 2m`,
  commands: (settings) => [redisCommand(argvOf(settings))],
  onHost: (settings) => [{ kind: "redis", argv: argvOf(settings) }],
  async before({ group }, context) {
    return { down_after: `${await downAfter(await context.redis(instanceOf(context)), group)}ms` };
  },
  async run(settings, context) {
    context.forgetFailures();
    const connection = await context.redis(instanceOf(context));
    const was = await downAfter(connection, settings.group);
    if (settings.down_after < was) await untilConnected(connection, settings.group, context.signal);
    await connection.command(argvOf(settings), { signal: context.signal });
    return { outputs: {}, changed: was !== settings.down_after };
  },
  async probe({ group, down_after }, context) {
    return (await downAfter(await context.redis(instanceOf(context)), group)) === down_after;
  },
});

/**
 * One whose primary was away connects to it again within a second. Until then it counts the silence from before, and would
 * take it for down as soon as it waits less. Where the primary stays away there is nothing to wait for.
 */
async function untilConnected(connection: RedisConnection, group: string, signal: AbortSignal): Promise<void> {
  for (const end = Date.now() + RECONNECT_MS; Date.now() < end; await sleep(100, signal)) {
    const all = parsePairs(await connection.command(["SENTINEL", "MASTER", group], { signal }));
    if (!/disconnected|s_down/.test(all.flags ?? "")) return;
  }
}

function argvOf({ group, down_after }: z.output<typeof input>): string[] {
  return ["SENTINEL", "SET", group, "down-after-milliseconds", String(down_after)];
}

async function downAfter(connection: RedisConnection, group: string): Promise<number> {
  const all = parsePairs(await connection.command(["SENTINEL", "MASTER", group]));
  return Number(all["down-after-milliseconds"]);
}
