import { setTimeout as delay } from "node:timers/promises";
import type { RedisReply } from "../../connect/types.ts";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Watcher } from "./watchers.ts";

const RETRY_MS = 100;

/** Passing refusals: its knowledge of the replicas is too old at this moment, or another failover is under way. */
const PASSING = /NOGOODSLAVE|NOGOODREPLICA|INPROG/;

/**
 * Orders a failover at one Sentinel, again while it refuses for a reason that passes. `ready` is awaited right before each
 * order. Fails with FAILOVER_REFUSED where it was never accepted, or FAILOVER_UNANSWERED where that is not known.
 */
export async function orderFailover(
  { id, connection }: Watcher,
  argv: readonly string[],
  ready: () => Promise<void>,
  patienceMs: number,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    await ready();
    const reply: RedisReply | Error | undefined = (await connection.pipeline([argv]))[0];
    if (!(reply instanceof Error)) return;
    const unanswered = reply instanceof RedishaError && reply.exit === EXIT.outcomeUnknown;
    if (unanswered) throw unansweredBy(id, reply);
    if (!PASSING.test(messageOf(reply) + codeOf(reply)) || performance.now() > deadline) throw refusedBy(id, reply);
    await delay(RETRY_MS);
  }
}

function codeOf(error: Error): string {
  return error instanceof RedishaError ? error.code : "";
}

function refusedBy(sentinel: string, reply: Error): RedishaError {
  return new RedishaError({
    code: "FAILOVER_REFUSED",
    message: `${sentinel} refused to fail over: ${reply.message}`,
    host: sentinel,
    next: ["redisha status --sentinels-view", ...(reply instanceof RedishaError ? reply.next : [])],
    cause: reply,
  });
}

function unansweredBy(sentinel: string, reply: Error): RedishaError {
  return new RedishaError({
    code: "FAILOVER_UNANSWERED",
    message: `${sentinel} did not say whether it took the order to fail over: ${reply.message}`,
    host: sentinel,
    exit: EXIT.outcomeUnknown,
    next: ["redisha status --sentinels-view"],
    cause: reply,
  });
}
