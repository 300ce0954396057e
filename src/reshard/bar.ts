import { RedisReplyError } from "../connect/redis/reply-error.ts";
import type { RedisConnection } from "../connect/types.ts";
import { BAR, beforeBar } from "../topology/barred.ts";
import { pairsOf } from "../topology/parse/pairs.ts";
import { all } from "./orders.ts";
import { serverInfo } from "./server-info.ts";
import { tellsReplicas } from "./tells-replicas.ts";

const PARAMETER = "min-replicas-to-write";

/** How long a server is waited for. One that hangs must not keep a move from its beginning; it is asked again and again. */
const ANSWER_MS = 2_000;

/** What a node that was to be barred is: a replica that is, a primary that was while it followed, or one that is left alone. */
export type Barred = "follows" | "leads" | "not";

/**
 * Has a replica refuse writes should it become a primary. While it follows, min-replicas-to-write means nothing to it
 * (server.c, checkGoodReplicasStatus). Left alone: a primary; one whose min-replicas-max-lag of 0 has it count no replicas; Valkey,
 * which tells replicas of slots on their way.
 *
 * @param onOrder called before it is told: from then on it may be barred, whether it answers or not.
 * @throws {RedishaError} what the server answered.
 */
export async function bar(node: RedisConnection, signal: AbortSignal, onOrder: () => void): Promise<Barred> {
  const asks = [["ROLE"], ["CONFIG", "GET", PARAMETER], ["CONFIG", "GET", "min-replicas-max-lag"], ["INFO", "server"]];
  const [role, least, lag, info] = await all(node, asks, signal, ANSWER_MS);
  const value = numberIn(least);
  if (value >= BAR) return follows(role) ? "follows" : "leads";
  if (!follows(role) || Number.isNaN(value) || numberIn(lag) === 0 || tellsReplicas(String(info))) return "not";
  onOrder();
  const [, now] = await all(node, [order(value + BAR), ["ROLE"]], signal, ANSWER_MS);
  if (follows(now)) return "follows";
  // It took over between the two, and has taken writes: nothing is to be held against it now.
  await all(node, [order(value)], signal);
  return "not";
}

/** Whether the server will not have it, now or later: no right to CONFIG, or a command of another name. */
export function refusesBar(error: unknown): boolean {
  return error instanceof RedisReplyError && /^NOPERM|unknown command/i.test(error.reply);
}

/** What a barred node had before; undefined where it is not barred, which who does not let its settings be read cannot be. */
export async function barredFrom(node: RedisConnection, signal: AbortSignal): Promise<number | undefined> {
  try {
    return beforeBar(numberIn(await node.command(["CONFIG", "GET", PARAMETER], { signal })));
  } catch (error) {
    if (refusesBar(error)) return undefined;
    throw error;
  }
}

/** Gives a barred node its own value back; one that is not is left alone. */
export async function lift(node: RedisConnection, signal: AbortSignal): Promise<void> {
  const before = await barredFrom(node, signal);
  if (before !== undefined) await all(node, [order(before)], signal);
}

/** Commands, with others around them. */
type Around = (work: readonly (readonly string[])[]) => (readonly string[])[];

/**
 * How to have one that took over do something before it takes any write: undefined where it may have taken some since it became a
 * primary.
 *
 * @param held whether this process has it hold writes back.
 */
export async function beforeWrites(
  node: RedisConnection,
  held: boolean,
  signal: AbortSignal,
): Promise<Around | undefined> {
  const before = await barredFrom(node, signal);
  const letGo = held ? [["CLIENT", "UNPAUSE"]] : [];
  if (before === undefined) return held ? (work) => [...letGo, ...work] : undefined;
  if (!held && (await mayHaveTakenScripts(node, signal))) return undefined;
  return (work) => [order(0), ...letGo, ...work, order(before)];
}

/** Before 7.0 scripts write through min-replicas-to-write; CLIENT PAUSE keeps them out. */
async function mayHaveTakenScripts(node: RedisConnection, signal: AbortSignal): Promise<boolean> {
  const info = await serverInfo(node, signal);
  if (Number(/^redis_version:(\d+)/m.exec(info)?.[1] ?? 0) >= 7) return false;
  const calls = String(await node.command(["INFO", "commandstats"], { signal }));
  return /^cmdstat_eval/m.test(calls);
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
