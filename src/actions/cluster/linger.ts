import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatDuration } from "../../core/units.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";

/** What the step has beyond the wait itself. */
const MARGIN_MS = 30_000;

/**
 * Leaves a node that has given its slots away among the others for a while. Clients that still take it for the owner ask it, are
 * sent on with MOVED and look at the slots anew; behind the reset it answers CLUSTERDOWN, which most take for an outage.
 */
export const clusterLinger = defineAction({
  name: "cluster.linger",
  summary:
    "Leaves a node without slots in the cluster for a while, where it sends clients that ask it to the new owners",
  scope: "instance",
  effect: "read",
  measures: true,
  input: z.strictObject({ for: durationSchema.describe("How long, e.g. 10s") }),
  output: z.strictObject({
    waited_ms: z.int(),
    moved: z
      .int()
      .nullable()
      .describe("Commands that it sent on meanwhile (errorstat_MOVED); null where it does not say, before 6.2"),
  }),
  example: `- id: linger
  action: cluster.linger
  targets: { role: data, where: host.id == inputs.node }
  with: { for: 10s }`,
  commands: ({ for: ms }, { instance }) => [
    { transport: "controller", text: `wait ${formatDuration(ms)} while ${instance?.id ?? "it"} answers MOVED` },
  ],
  async run({ for: ms }, context) {
    const { signal, progress, stopAsked } = context;
    const instance = instanceOf(context);
    const redis = await context.redis(instance);
    const before = await movedBy(redis, signal);
    const since = async () => {
      const now = await movedBy(redis, signal);
      return now === null || before === null ? null : Math.max(now - before, 0);
    };
    const end = performance.now() + ms;
    for (let left = ms; left > 0; left = end - performance.now()) {
      if (stopAsked()) throw interrupted(instance.id);
      const moved = await since();
      const told = moved === null ? "" : `; ${moved.toLocaleString("en")} commands sent on`;
      progress(`answers MOVED for ${formatDuration(Math.ceil(left / 1_000) * 1_000)} more${told}`);
      await delay(Math.min(left, 1_000), undefined, { signal });
    }
    return { outputs: { waited_ms: Math.round(ms), moved: await since() }, changed: false };
  },
  takesMs: ({ for: ms }) => ms + MARGIN_MS,
});

/** How many commands a server has sent on since it started. A server that does not answer now is no reason to fail. */
async function movedBy(redis: RedisConnection, signal: AbortSignal): Promise<number | null> {
  const info = await redis.command(["INFO", "errorstats"], { signal }).catch(() => "");
  if (!/^# Errorstats/im.test(String(info))) return null;
  return Number(/^errorstat_MOVED:count=(\d+)/m.exec(String(info))?.[1] ?? 0);
}

function interrupted(host: string): RedishaError {
  return new RedishaError({
    code: "INTERRUPTED",
    message: `Stopped while ${host} sent clients on to the new owners.`,
    host,
    exit: EXIT.interrupted,
    state: "it is in the cluster, without slots; who goes on waits anew",
  });
}
