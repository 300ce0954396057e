import type { RedisConnection, RedisReply } from "../../../connect/types.ts";
import { RedishaError } from "../../../core/errors.ts";
import { EXIT } from "../../../core/exit-codes.ts";
import { keySlot } from "../../../restore/key-slot.ts";
import type { Routes } from "./targets.ts";

/** What was written, and how much of it was found again. */
export interface Copied {
  /** Keys of each slot that never expire, and of all. */
  readonly persistent: Map<number, number>;
  readonly all: Map<number, number>;
  /** Keys that the scan gave; one that it gave twice counts twice. */
  scanned: number;
  /** Keys that have expired since they were saved. */
  expired: number;
  /** Keys whose value was read back and is the same. */
  same: number;
  /** Keys that were read back, and whose value an older server here cannot compare. */
  unread: number;
}

interface Entry {
  readonly key: string;
  readonly payload: string;
  /** Unix milliseconds; 0 for never. */
  readonly expires: number;
}

const AT_ONCE = 100;
const BYTES = { bytes: true, timeoutMs: 600_000 } as const;

/** The version of the format and a checksum: they differ between servers that hold the same. */
const FOOTER = 10;

/** What a Cluster says while slots change their owner, or a node comes back: another pass may do better. */
const PASSING = /^REDIS_(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|CLOSED|TIMEOUT|REFUSED|UNREACHABLE)$/;

export function nothingCopied(): Copied {
  return { persistent: new Map(), all: new Map(), scanned: 0, expired: 0, same: 0, unread: 0 };
}

/**
 * Writes every key of a scratch server's database to the primary that owns its slot, with its time of expiry, and reads it
 * back. Gives how many could not be written for now. Fails with RESTORE_REFUSED_BY_SERVER where no other pass would help.
 */
export async function copyKeys(
  from: RedisConnection,
  database: number,
  routes: Routes,
  copied: Copied,
  around: { readonly signal: AbortSignal; readonly onKeys: (count: number) => void },
): Promise<number> {
  const { signal, onKeys } = around;
  let left = 0;
  let cursor = "0";
  do {
    const [next, keys] = pair(await from.command(["SCAN", cursor, "COUNT", String(AT_ONCE)], { ...BYTES, signal }));
    cursor = String(next);
    const entries = await read(from, keys, signal);
    copied.expired += keys.length - entries.length;
    copied.scanned += keys.length;
    const byOwner = Map.groupBy(entries, ({ key }) => routes.ownerOf(key));
    const outcomes = await Promise.all(
      [...byOwner].map(async ([owner, some]) => {
        const to = await routes.connection(owner);
        return await put(from, to, database, some, copied, signal);
      }),
    );
    left += outcomes.reduce((sum, each) => sum + each, 0);
    onKeys(keys.length);
  } while (cursor !== "0");
  return left;
}

async function read(from: RedisConnection, keys: readonly string[], signal: AbortSignal): Promise<Entry[]> {
  const commands = keys.flatMap((key) => [
    ["DUMP", key],
    ["PTTL", key],
  ]);
  const now = Date.now();
  const replies = await from.pipeline(commands, { ...BYTES, signal });
  return keys.flatMap((key, index) => {
    const [payload, ttl] = [replies[2 * index], replies[2 * index + 1]];
    for (const reply of [payload, ttl]) if (reply instanceof Error) throw reply;
    if (typeof payload !== "string") return [];
    return [{ key, payload, expires: Number(ttl) < 0 ? 0 : now + Number(ttl) }];
  });
}

/** Writes and reads back; gives how many keys are left for another pass. */
async function put(
  from: RedisConnection,
  to: RedisConnection,
  database: number,
  entries: readonly Entry[],
  copied: Copied,
  signal: AbortSignal,
): Promise<number> {
  const writes = entries.map(({ key, payload, expires }) => [
    ...["RESTORE", key, String(expires), payload, "REPLACE"],
    ...(expires === 0 ? [] : ["ABSTTL"]),
  ]);
  const [selected, ...replies] = await to.pipeline([["SELECT", String(database)], ...writes], { ...BYTES, signal });
  // A Cluster has one database: keys of another are never to land in it.
  if (selected instanceof Error && database > 0) throw selected;
  const written = entries.filter((entry, index) => {
    const reply = replies[index];
    if (!(reply instanceof Error)) return true;
    if (reply instanceof RedishaError && PASSING.test(reply.code)) return false;
    throw refusedBy(to.instance, entry.key, reply);
  });
  const found = await to.pipeline(
    written.map(({ key }) => ["DUMP", key]),
    { ...BYTES, signal },
  );
  let left = entries.length - written.length;
  for (const [index, entry] of written.entries()) {
    const verdict = await compare(from, entry, found[index], signal);
    if (verdict === "another") left += 1;
    else {
      if (verdict === "gone") copied.expired += 1;
      else copied[verdict] += 1;
      const slot = keySlot(entry.key);
      if (verdict === "gone") continue;
      copied.all.set(slot, (copied.all.get(slot) ?? 0) + 1);
      if (entry.expires === 0) copied.persistent.set(slot, (copied.persistent.get(slot) ?? 0) + 1);
    }
  }
  return left;
}

/**
 * Sets and hashes are written in another order by each server: where the bytes differ, what came back is loaded beside the
 * original, and the scratch server digests both.
 */
async function compare(
  from: RedisConnection,
  { key, payload, expires }: Entry,
  found: RedisReply | Error | undefined,
  signal: AbortSignal,
): Promise<"same" | "unread" | "gone" | "another"> {
  if (found instanceof Error || found === undefined) return "another";
  if (found === null) return expires > 0 && expires <= Date.now() + 1_000 ? "gone" : "another";
  if (typeof found !== "string") return "another";
  if (found.slice(0, -FOOTER) === payload.slice(0, -FOOTER)) return "same";
  const beside = `redisha:compare:${process.pid}:{${key}}`;
  const replies = await from.pipeline(
    [
      ["RESTORE", beside, "0", found, "REPLACE"],
      ["DEBUG", "DIGEST-VALUE", key, beside],
      ["DEL", beside],
    ],
    { ...BYTES, signal },
  );
  const [loaded, digests] = replies;
  if (loaded instanceof Error) return "unread";
  return Array.isArray(digests) && digests.length === 2 && digests[0] === digests[1] ? "same" : "another";
}

function pair(reply: RedisReply): [unknown, string[]] {
  const [cursor, keys] = Array.isArray(reply) ? reply : [];
  return [cursor, Array.isArray(keys) ? keys.map(String) : []];
}

function refusedBy(instance: string, key: string, error: Error): RedishaError {
  return new RedishaError({
    code: "RESTORE_REFUSED_BY_SERVER",
    message: `${instance} does not take the key ${JSON.stringify(key.slice(0, 80))}: ${error.message}`,
    host: instance,
    exit: EXIT.failedSafe,
    state: "the deployment holds part of the backup; it was empty before",
    next: ["its version must be that of the backup or newer, and its memory must hold the data", "redisha status"],
    cause: error,
  });
}
