import type { RedisConnection } from "../../../connect/types.ts";
import { field, flagField, intField, okField, parseInfo } from "../../../topology/parse/info.ts";

/**
 * What a server says of itself at one moment. Held against what it says later, it tells whether its append-only file was
 * written to all the time between, also where nobody saw the file that it began after the one that it had.
 */
export interface Witness {
  readonly run: string | null;
  readonly role: string | null;
  readonly replid: string | null;
  readonly offset: number | null;
  /** The first byte of the replication stream that it still has: behind a full synchronisation it has nothing from before. */
  readonly backlogFrom: number | null;
  /** Calls of CONFIG SET, which alone switches the file off and on; null where somebody set the counters back. */
  readonly configured: number | null;
  /** The file is on, and no rewrite is under way: a server that has just switched it on has not begun it yet. */
  readonly settled: boolean;
  /** All that was written has left the server for its disk. */
  readonly flushed: boolean;
}

/** One answer, so that all of it is of one moment. Wants 7.0 or later, which takes several sections at once. */
export async function witnessOf(redis: RedisConnection, signal: AbortSignal): Promise<Witness> {
  const sections = ["server", "persistence", "replication", "commandstats"];
  const info = parseInfo(String(await redis.command(["INFO", ...sections], { signal })));
  return {
    run: field(info, "run_id"),
    role: field(info, "role"),
    replid: field(info, "master_replid"),
    offset: intField(info, "master_repl_offset"),
    backlogFrom: flagField(info, "repl_backlog_active") ? intField(info, "repl_backlog_first_byte_offset") : null,
    configured: info["cmdstat_config|resetstat"] === undefined ? callsOf(info["cmdstat_config|set"]) : null,
    settled:
      flagField(info, "aof_enabled") === true &&
      flagField(info, "loading") === false &&
      flagField(info, "aof_rewrite_in_progress") === false &&
      flagField(info, "aof_rewrite_scheduled") === false &&
      okField(info, "aof_last_bgrewrite_status") === true,
    flushed: intField(info, "aof_buffer_length") === 0,
  };
}

/** `calls=5,usec=…`; a command that was never called has no line. */
function callsOf(stats: string | undefined): number | null {
  if (stats === undefined) return 0;
  const [, calls] = /^calls=(\d+),/.exec(stats) ?? [];
  return calls === undefined ? null : Number(calls);
}

/**
 * Whether every write between the two stands in the append-only file: the same process, whose file was on before and was
 * not switched since, and which was not filled anew by another. False where that cannot be told.
 */
export function wroteOnBetween(before: Witness, after: Witness): boolean {
  const same = (key: "run" | "role" | "replid" | "configured") => before[key] !== null && before[key] === after[key];
  if (!before.settled || !same("run") || !same("role") || !same("replid") || !same("configured")) return false;
  // A primary keeps its replication id until it becomes a replica. A replica that is filled anew begins a backlog of its own
  // behind what it was filled with, which is at or behind the offset that it had.
  if (after.role === "master") return true;
  return before.offset !== null && after.backlogFrom !== null && after.backlogFrom <= before.offset;
}
