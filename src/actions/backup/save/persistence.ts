import type { RedisConnection } from "../../../connect/types.ts";
import { field, flagField, type InfoMap, intField, okField, parseInfo } from "../../../topology/parse/info.ts";

/** What a server says of its saves, at one moment. */
export interface Persistence {
  readonly loading: boolean;
  /** A child saves or sends a snapshot, whoever asked for it: replication without disk counts too. */
  readonly saving: boolean;
  readonly rewriting: boolean;
  /** A rewrite of the append-only file is asked for and waits for the child that runs. */
  readonly rewriteScheduled: boolean;
  readonly lastOk: boolean;
  readonly cowBytes: number | null;
  readonly forkUsec: number | null;
  readonly keysSaved: number | null;
  readonly keysToSave: number | null;
}

export async function persistenceOf(connection: RedisConnection, signal: AbortSignal): Promise<Persistence> {
  const info = await infoOf(connection, ["persistence", "stats"], signal);
  return {
    loading: flagField(info, "loading") === true,
    saving: flagField(info, "rdb_bgsave_in_progress") === true,
    rewriting: flagField(info, "aof_rewrite_in_progress") === true,
    rewriteScheduled: flagField(info, "aof_rewrite_scheduled") === true,
    lastOk: okField(info, "rdb_last_bgsave_status") !== false,
    cowBytes: intField(info, "rdb_last_cow_size"),
    forkUsec: intField(info, "latest_fork_usec"),
    keysSaved: intField(info, "current_save_keys_processed"),
    keysToSave: intField(info, "current_save_keys_total"),
  };
}

/** Sections of INFO as one map, asked for in one round trip: Redis 6 takes one section at a time. */
export async function infoOf(
  connection: RedisConnection,
  sections: readonly string[],
  signal: AbortSignal,
): Promise<InfoMap> {
  const replies = await connection.pipeline(
    sections.map((section) => ["INFO", section]),
    { signal },
  );
  const texts = replies.map((reply) => {
    if (reply instanceof Error) throw reply;
    return typeof reply === "string" ? reply : "";
  });
  return parseInfo(texts.join("\r\n"));
}

/** Name and version of the program, and how wide its words are: INFO of Valkey gives the version of Redis it is like, too. */
export function serverOf(info: InfoMap): { name: string; version: string; arch_bits: 32 | 64 } {
  const valkey = field(info, "valkey_version");
  const name = field(info, "server_name") ?? (valkey === null ? "redis" : "valkey");
  return {
    name,
    version: valkey ?? field(info, "redis_version") ?? "unknown",
    arch_bits: intField(info, "arch_bits") === 32 ? 32 : 64,
  };
}
