import { RedisReplyError } from "../connect/redis/reply-error.ts";
import type { RedisConnection } from "../connect/types.ts";
import type { Bandwidth } from "./bandwidth.ts";
import type { Call, CutOff } from "./cut-off.ts";
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
  /** The source's copy of these keys is the newer one. */
  readonly cutOff: CutOff;
  readonly signal: AbortSignal;
}

/** A single key that is so large that it takes longer is tried again with more time, up to this. */
const MOST_TIMEOUT_MS = 240_000;

/** Beyond what the server was given: for the way, and for what stands before it in the line. */
const GRACE_MS = 30_000;

/**
 * Moves keys of one slot, and gives back how many of them were sent. Keys that are gone by then (deleted, expired) are none.
 * Where the target took too long, they are tried again one at a time, and a single one with more time, which it keeps.
 *
 * A key that was cut off on its way is on both sides; the source still serves it, so that what the target has of it is older.
 */
export async function migrateKeys(keys: readonly string[], handover: Handover): Promise<number> {
  let sent = 0;
  for (const call of handover.cutOff.calls(keys, handover.timeoutMs)) sent += await migrate(call, handover);
  return sent;
}

async function migrate(call: Call, handover: Handover): Promise<number> {
  const { source, pace, signal, cutOff } = handover;
  const { keys, timeoutMs } = call;
  const left = await pace.enter(keys.length);
  try {
    const options = { timeoutMs: timeoutMs * 2 + GRACE_MS, signal, bytes: true };
    const reply = await source.command(migrateCommand(call, handover), options);
    left(true);
    cutOff.arrived(keys);
    return reply === "NOKEY" ? 0 : keys.length;
  } catch (error) {
    left(false);
    if (!isCutOff(error)) throw error;
    cutOff.note(call);
    return again(error, call, handover);
  }
}

async function again(error: unknown, { keys, timeoutMs }: Call, handover: Handover): Promise<number> {
  // A target that does not answer at all is no matter of large keys.
  await handover.target.command(["PING"], { signal: handover.signal });
  if (keys.length > 1) {
    let sent = 0;
    for (const key of keys) sent += await migrate({ keys: [key], timeoutMs }, handover);
    return sent;
  }
  if (timeoutMs * 4 > MOST_TIMEOUT_MS) throw error;
  return migrate({ keys, timeoutMs: timeoutMs * 4 }, handover);
}

function migrateCommand({ keys, timeoutMs }: Call, handover: Handover): string[] {
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
