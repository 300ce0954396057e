import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

const LOOK_MS = 100;

/** Twice what a primary that joined takes at most. */
const PATIENCE_MS = 10_000;

/**
 * Waits until a node that is to get slots serves clients. A primary that has only just joined, or came back, holds the cluster
 * to be down for as long as node-timeout, five seconds at most (`rejoin_delay` of cluster.c): it takes no key by then, and
 * whoever wants a new key of a slot that is open towards it is sent there and refused.
 *
 * @throws {RedishaError} CLUSTER_TARGET_DOWN after ten seconds.
 */
export async function untilServing(target: RedisConnection, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await serves(target, signal))) {
    if (performance.now() > deadline) throw notServing(target.instance);
    await sleep(LOOK_MS, signal);
  }
}

/** Whether a node holds the cluster to be whole, so that it takes commands of clients. */
export async function serves(node: RedisConnection, signal: AbortSignal): Promise<boolean> {
  return /^cluster_state:ok/m.test(String(await node.command(["CLUSTER", "INFO"], { signal })));
}

function notServing(host: string): RedishaError {
  return new RedishaError({
    code: "CLUSTER_TARGET_DOWN",
    message: `${host} holds the cluster to be down and refuses clients: no slot is opened towards it.`,
    host,
    exit: EXIT.outcomeUnknown,
    next: ["redisha status", `redis-cli CLUSTER INFO on ${host} says what it misses`],
  });
}
