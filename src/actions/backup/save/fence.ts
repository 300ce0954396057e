import type { RedisConnection, RedisReply } from "../../../connect/types.ts";
import { RedishaError } from "../../../core/errors.ts";
import type { ActionContext } from "../../contract.ts";
import { instanceNamed, type Source } from "../sources.ts";

/** What the fence cost the clients: for how long the writes of a shard were held, at most. */
export interface FenceReport {
  readonly pauseMs: number;
}

/**
 * Holds the writes of all shards still while `cut` runs for each. First every primary pauses; then each source gets what its
 * primary had, is cut, and its primary lets go, none waiting for another: what is written after the cut of one shard can
 * only have an effect in another one after the cut of that one, too. Each server ends the pause by itself after `limitMs`,
 * whatever becomes of this process; a cut that took longer is none, and fails with FENCE_EXPIRED.
 */
export async function fenced(
  sources: readonly Source[],
  context: ActionContext,
  limitMs: number,
  cut: (source: Source) => Promise<void>,
): Promise<FenceReport> {
  const { deployment, signal } = context;
  const open = (id: string) => context.redis(instanceNamed(deployment, id));
  // Connections first, and each kind of call once: to make the one, and the first of the other, takes longer than the fence.
  const shards = await Promise.all(
    sources.map(async (of) => ({ of, source: await open(of.instance), primary: await open(of.primary) })),
  );
  const warming = shards.map(({ source, primary }) => [
    offsetOf(source, signal),
    primary.pipeline([["PING"], ["ROLE"]]),
  ]);
  await Promise.all(warming.flat());
  const startedAt = performance.now();
  const since = () => performance.now() - startedAt;
  const pausing = shards.map(({ primary }) => pause(primary, limitMs, signal));
  // Who is as far as its primary already need not be asked again while all wait.
  const early = shards.map(({ source }) => offsetOf(source, signal).catch(() => Number.NaN));
  const everywhere = Promise.all(pausing);
  let lastCut = 0;
  let held = 0;
  const cuts = shards.map(async ({ of, source, primary }, index) => {
    try {
      const wanted = (await everywhere)[index] ?? Number.NaN;
      const has = (await early[index]) ?? Number.NaN;
      if (source !== primary && !(has >= wanted)) await caughtUp(source, wanted, startedAt + limitMs, signal);
      await cut(of);
      lastCut = Math.max(lastCut, since());
    } finally {
      // Also where the signal says stop: the servers would let go by themselves, but later.
      await primary.command(["CLIENT", "UNPAUSE"]).catch(() => undefined);
      held = Math.max(held, since());
    }
  });
  for (const each of await Promise.allSettled(cuts)) if (each.status === "rejected") throw each.reason;
  if (lastCut >= limitMs) throw expired(limitMs);
  return { pauseMs: Math.round(held * 10) / 10 };
}

/** Pauses the writes of a primary; returns the offset up to which it has written, asked for in the same round trip. */
async function pause(primary: RedisConnection, limitMs: number, signal: AbortSignal): Promise<number> {
  const [paused, role] = await primary.pipeline([["CLIENT", "PAUSE", String(limitMs), "WRITE"], ["ROLE"]], { signal });
  if (paused instanceof Error) throw paused;
  if (role instanceof Error) throw role;
  return offsetIn(role);
}

/** A primary adds nothing while it is paused, apart from pings: the source has all once it has come as far. */
async function caughtUp(source: RedisConnection, wanted: number, deadline: number, signal: AbortSignal): Promise<void> {
  while (!((await offsetOf(source, signal)) >= wanted)) {
    if (performance.now() >= deadline) throw expired(0, source.instance);
  }
}

async function offsetOf(server: RedisConnection, signal: AbortSignal): Promise<number> {
  return offsetIn(await server.command(["ROLE"], { signal }));
}

/** The replication offset in an answer to ROLE: second word of a primary, fifth of a replica. */
function offsetIn(reply: RedisReply | undefined): number {
  if (!Array.isArray(reply)) return Number.NaN;
  return Number(reply[0] === "slave" ? reply[4] : reply[1]);
}

function expired(limitMs: number, instance?: string): RedishaError {
  return new RedishaError({
    code: "FENCE_EXPIRED",
    message: instance
      ? `${instance} did not catch up with its primary before the pause was over.`
      : `The snapshots were not all begun within the ${limitMs} ms for which writes were held.`,
    ...(instance ? { host: instance } : {}),
    state: "writes go on; nothing was stored",
    next: ["redisha backup --consistency parallel", "redisha status shows the lag"],
  });
}
