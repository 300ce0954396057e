import type { RedisReply } from "../../connect/types.ts";
import { sleep } from "../../core/abort.ts";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { intField, parseInfo } from "../../topology/parse/info.ts";
import { FENCE_QUESTION, isFenced } from "./fence.ts";
import type { Group, Member } from "./group.ts";

const POLL_MS = 5;

/** Older than this, an answer says nothing of now: the machine may have slept since it was asked. */
export const FRESH_MS = 1_000;

/**
 * Waits until every replica that could be promoted has all that a fenced primary holds. When it returns, both were seen
 * within the last second. Fails with REPLICA_BEHIND, with FENCE_GONE where the primary takes writes again, or with REPLICA_LOST
 * or PRIMARY_LOST where one of them is gone.
 */
export async function caughtUp({ primary, replicas }: Group, patienceMs: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let wanted: number | undefined;
  for (;;) {
    const asked = Date.now();
    const [own, ...theirs] = await Promise.all([
      primary.connection.pipeline([["INFO", "replication"], [...FENCE_QUESTION]]),
      ...replicas.map(offsetOf),
    ]);
    const [info, fence] = own;
    if (info instanceof Error) throw primaryLost(primary.id, info);
    if (!isFenced(fence) || roleIn(info) !== "master") throw fenceGone(primary.id);
    // What it holds now is all that was ever acknowledged; later bytes are heartbeats.
    wanted ??= intField(parseInfo(String(info)), "master_repl_offset") ?? undefined;
    const behind = theirs.findIndex((offset) => wanted === undefined || offset === null || offset < wanted);
    if (behind === -1 && Date.now() - asked < FRESH_MS) return;
    if (performance.now() > deadline) throw replicaBehind(replicas[behind]?.id ?? primary.id, patienceMs);
    await sleep(POLL_MS, signal);
  }
}

async function offsetOf({ id, connection }: Member): Promise<number | null> {
  const reply = await connection.command(["INFO", "replication"]).catch((error: unknown) => {
    throw replicaLost(id, error);
  });
  const info = parseInfo(String(reply));
  return info.master_link_status === "up" ? intField(info, "slave_repl_offset") : null;
}

function roleIn(info: RedisReply | Error | undefined): string | undefined {
  return parseInfo(String(info)).role;
}

function fenceGone(primary: string): RedishaError {
  return new RedishaError({
    code: "FENCE_GONE",
    message: `${primary} is not kept from writes any more: its host put that back, or somebody else acted.`,
    host: primary,
    next: ["redisha status", "then once more: redisha switchover"],
  });
}

function replicaLost(replica: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "REPLICA_LOST",
    message: `${replica} was lost while it was to catch up: ${messageOf(cause)}`,
    host: replica,
    next: ["redisha status", "without it: redisha switchover --degraded"],
    cause,
  });
}

function primaryLost(primary: string, cause: Error): RedishaError {
  return new RedishaError({
    code: "PRIMARY_LOST",
    message: `${primary} was lost with its writes stopped: ${cause.message}`,
    host: primary,
    exit: EXIT.unhealthy,
    next: ["redisha status"],
    cause,
  });
}

function replicaBehind(replica: string, patienceMs: number): RedishaError {
  return new RedishaError({
    code: "REPLICA_BEHIND",
    message: `${replica} did not get all that the primary holds within ${patienceMs} ms.`,
    host: replica,
    next: [
      "redisha status --wide  # lag",
      "wait until it has caught up, or keep it out: CONFIG SET replica-priority 0",
    ],
  });
}
