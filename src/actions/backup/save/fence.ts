import type { RedisConnection } from "../../../connect/types.ts";
import { RedishaError } from "../../../core/errors.ts";
import type { ActionContext } from "../../contract.ts";
import { instanceNamed, type Source } from "../sources.ts";

/** What the fence cost the clients. */
export interface FenceReport {
  readonly pauseMs: number;
}

/**
 * Holds the writes of all shards still while `cut` runs: pauses them on every primary, waits until each source has what its
 * primary had, cuts, lets go. Each server ends the pause by itself after `limitMs`, whatever becomes of this process; a cut
 * that took longer is none, and fails with FENCE_EXPIRED.
 */
export async function fenced(
  sources: readonly Source[],
  context: ActionContext,
  limitMs: number,
  cut: () => Promise<void>,
): Promise<FenceReport> {
  const { deployment, signal } = context;
  const open = (id: string) => context.redis(instanceNamed(deployment, id));
  // Connections first: to make one takes longer than the whole fence.
  const shards = await Promise.all(
    sources.map(async ({ instance, primary }) => ({ source: await open(instance), primary: await open(primary) })),
  );
  await Promise.all(shards.flatMap(({ source, primary }) => [source.command(["PING"]), primary.command(["PING"])]));
  const startedAt = performance.now();
  let endedAt = startedAt;
  try {
    await Promise.all(
      shards.map(({ primary }) => primary.command(["CLIENT", "PAUSE", String(limitMs), "WRITE"], { signal })),
    );
    await Promise.all(shards.map((shard) => caughtUp(shard, startedAt + limitMs, signal)));
    await cut();
    endedAt = performance.now();
  } finally {
    // Also where the signal says stop: the servers would let go by themselves, but later.
    await Promise.allSettled(shards.map(({ primary }) => primary.command(["CLIENT", "UNPAUSE"])));
  }
  if (endedAt - startedAt >= limitMs) throw expired(limitMs);
  return { pauseMs: Math.round((performance.now() - startedAt) * 10) / 10 };
}

/** A primary adds nothing while it is paused, apart from pings: the source has all once it has come as far. */
async function caughtUp(
  { source, primary }: { source: RedisConnection; primary: RedisConnection },
  deadline: number,
  signal: AbortSignal,
): Promise<void> {
  if (source === primary) return;
  const wanted = await offsetOf(primary, signal);
  while ((await offsetOf(source, signal)) < wanted) {
    if (performance.now() >= deadline) throw expired(0, source.instance);
  }
}

/** The replication offset by ROLE: second word of a primary, fifth of a replica. */
async function offsetOf(connection: RedisConnection, signal: AbortSignal): Promise<number> {
  const reply = await connection.command(["ROLE"], { signal });
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
