import { RedisReplyError } from "../connect/redis/reply-error.ts";
import type { RedisConnection } from "../connect/types.ts";
import type { Bandwidth } from "./bandwidth.ts";
import type { Pace } from "./pace.ts";

/** As whom the source logs in to the target. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
}

/** One side hands keys to the other. */
export interface Handover {
  readonly source: RedisConnection;
  readonly target: RedisConnection;
  /** Of the target, as the source reaches it. */
  readonly address: string;
  readonly port: number;
  readonly login: Login;
  /** Source and target agree that the source owns the slot: what it holds is right, whatever lies at the target. */
  readonly sourceOwns: boolean;
  /** How long the source waits for the target, in milliseconds, before it gives a MIGRATE up. */
  readonly timeoutMs: number;
  readonly pace: Pace;
  /** Shared with all other movers; undefined where there is no limit. */
  readonly bandwidth: Bandwidth | undefined;
  /** Keys that were cut off on their way, and have not arrived since: the source's copy of them is the newer one. */
  readonly cutOff: Set<string>;
  readonly signal: AbortSignal;
}

/** A single key that is so large that it takes longer is tried again with more time, up to this. */
const MOST_TIMEOUT_MS = 240_000;

/** Beyond what the server was given: for the way, and for what stands before it in the line. */
const GRACE_MS = 30_000;

/**
 * Moves keys of one slot, and gives back how many of them were sent. Keys that are gone by then (deleted, expired) are none.
 * Where the target took too long, they are tried again one at a time, and a single one with more time.
 *
 * A key that was cut off on its way is on both sides; the source still serves it, so that what the target has of it is older.
 */
export async function migrateKeys(keys: readonly string[], handover: Handover): Promise<number> {
  return migrate(keys, handover, handover.timeoutMs);
}

async function migrate(keys: readonly string[], handover: Handover, timeoutMs: number): Promise<number> {
  const { source, pace, signal } = handover;
  const left = await pace.enter(keys.length);
  try {
    const options = { timeoutMs: timeoutMs * 2 + GRACE_MS, signal, bytes: true };
    const reply = await source.command(migrateCommand(keys, handover, timeoutMs), options);
    left(true);
    for (const key of keys) if (handover.cutOff.size > 0) handover.cutOff.delete(key);
    return reply === "NOKEY" ? 0 : keys.length;
  } catch (error) {
    left(false);
    if (!isCutOff(error)) throw error;
    for (const key of keys) handover.cutOff.add(key);
    return again(error, keys, handover, timeoutMs);
  }
}

async function again(error: unknown, keys: readonly string[], handover: Handover, timeoutMs: number): Promise<number> {
  // A target that does not answer at all is no matter of large keys.
  await handover.target.command(["PING"], { signal: handover.signal });
  if (keys.length > 1) {
    let sent = 0;
    for (const key of keys) sent += await migrate([key], handover, timeoutMs);
    return sent;
  }
  if (timeoutMs * 4 > MOST_TIMEOUT_MS) throw error;
  return migrate(keys, handover, timeoutMs * 4);
}

function migrateCommand(keys: readonly string[], handover: Handover, timeoutMs: number): string[] {
  const { address, port, sourceOwns, login } = handover;
  const auth =
    login.password === undefined
      ? []
      : login.username === undefined
        ? ["AUTH", bytesOf(login.password)]
        : ["AUTH2", bytesOf(login.username), bytesOf(login.password)];
  const replace = sourceOwns ? ["REPLACE"] : [];
  return ["MIGRATE", address, String(port), "", "0", String(timeoutMs), ...replace, ...auth, "KEYS", ...keys];
}

function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function isCutOff(error: unknown): boolean {
  return error instanceof RedisReplyError && error.reply.startsWith("IOERR");
}
