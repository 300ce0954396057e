import type { RedisConnection } from "../connect/types.ts";
import { BAR, beforeBar } from "../topology/barred.ts";
import { pairsOf } from "../topology/parse/pairs.ts";
import { all } from "./orders.ts";

const PARAMETER = "min-replicas-to-write";

/**
 * Has a replica refuse writes should it become a primary. While it follows, min-replicas-to-write means nothing to it
 * (server.c, checkGoodReplicasStatus). Left alone: a primary; one whose min-replicas-max-lag of 0 has it count no replicas; Valkey,
 * which tells replicas of slots on their way.
 *
 * @throws {RedishaError} what the server answered.
 */
export async function bar(node: RedisConnection, signal: AbortSignal): Promise<void> {
  const asks = [["ROLE"], ["CONFIG", "GET", PARAMETER], ["CONFIG", "GET", "min-replicas-max-lag"], ["INFO", "server"]];
  const [role, least, lag, info] = await all(node, asks, signal);
  const value = numberIn(least);
  if (!follows(role) || value >= BAR || numberIn(lag) === 0 || /^valkey_version:/m.test(String(info))) return;
  const [, now] = await all(node, [order(value + BAR), ["ROLE"]], signal);
  // It took over between the two, and has taken writes: nothing is to be held against it now.
  if (!follows(now)) await all(node, [order(value)], signal);
}

/** What a barred node had before; undefined where it is not barred. */
export async function barredFrom(node: RedisConnection, signal: AbortSignal): Promise<number | undefined> {
  return beforeBar(numberIn(await node.command(["CONFIG", "GET", PARAMETER], { signal })));
}

/** Gives a barred node its own value back; one that is not is left alone. */
export async function lift(node: RedisConnection, signal: AbortSignal): Promise<void> {
  const before = await barredFrom(node, signal);
  if (before !== undefined) await all(node, [order(before)], signal);
}

/** What has a barred node do this, and take writes of everybody from then on. `before` is its own value. */
export function throughBar(before: number, work: readonly (readonly string[])[]): (readonly string[])[] {
  return [order(0), ...work, order(before)];
}

function order(value: number): string[] {
  return ["CONFIG", "SET", PARAMETER, String(value)];
}

function follows(role: unknown): boolean {
  return Array.isArray(role) && String(role[0]) === "slave";
}

function numberIn(reply: unknown): number {
  return Number(Object.values(pairsOf(reply))[0]);
}
