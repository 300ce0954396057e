import { infoOf } from "../../../actions/backup/save/persistence.ts";
import { instanceNamed } from "../../../actions/backup/sources.ts";
import { readDirectives } from "../../../actions/redis/directives.ts";
import type { RedisConnection } from "../../../connect/types.ts";
import { messageOf, RedishaError } from "../../../core/errors.ts";
import { EXIT } from "../../../core/exit-codes.ts";
import type { Instance } from "../../../inventory/model.ts";
import type { Shard as LiveShard } from "../../../topology/schema.ts";
import type { Session } from "../../session.ts";

/** So long a replica may be without its primary before another server is followed. */
const LINK_DOWN_SECONDS = 60;

/** A server whose append-only file can be followed. */
export interface FollowSource {
  readonly instance: Instance;
  readonly role: "primary" | "replica";
  readonly primary: string;
}

/**
 * Whose append-only file is followed: the server that was followed before where that is well, else a replica, else the
 * primary. Fails with FOLLOW_NO_SOURCE, which says what is wrong with each.
 */
export async function chooseSource(
  { deployment, live }: Session,
  shard: LiveShard,
  before: string | undefined,
  signal: AbortSignal,
): Promise<FollowSource> {
  const ids = [...shard.replica_ids, ...(shard.primary_id === null ? [] : [shard.primary_id])];
  const preferred = [...ids].sort((a, b) => Number(b === before) - Number(a === before));
  const problems: string[] = [];
  for (const id of preferred) {
    const instance = instanceNamed(deployment, id);
    const why = await objectionTo(live.connections, instance, signal);
    if (why === undefined) {
      return { instance, role: id === shard.primary_id ? "primary" : "replica", primary: shard.primary_id ?? id };
    }
    problems.push(`${id} ${why}`);
  }
  throw new RedishaError({
    code: "FOLLOW_NO_SOURCE",
    message: `No append-only file can be followed: ${problems.join("; ") || "no server answers"}.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: [
      "CONFIG SET appendonly yes and CONFIG SET aof-timestamp-enabled yes, on 7.0 or later, then CONFIG REWRITE",
      "redisha status",
    ],
  });
}

/** Why the file of a server is not to be followed; undefined where nothing speaks against it. */
export async function objectionTo(
  connections: Session["live"]["connections"],
  instance: Instance,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (instance.host.ssh === "none") return "has no SSH";
  try {
    const redis = await connections.redis(instance);
    const info = await infoOf(redis, ["server", "replication", "persistence"], signal);
    const version = Number.parseInt(info.redis_version ?? "0", 10);
    if (version < 7 && info.valkey_version === undefined)
      return `is of ${info.redis_version}: before 7.0 there are no increments`;
    const { appendonly, "aof-timestamp-enabled": stamped } = await readDirectives(redis, [
      "appendonly",
      "aof-timestamp-enabled",
    ]);
    if (appendonly !== "yes") return "has no append-only file";
    if (stamped !== "yes") return "writes no timestamps (aof-timestamp-enabled)";
    if (info.loading === "1") return "is loading";
    const down = Number(info.master_link_down_since_seconds ?? 0);
    if (info.master_link_status === "down" && (down > LINK_DOWN_SECONDS || down < 0)) return "has lost its primary";
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return `does not answer (${messageOf(error)})`;
  }
}

/** Unix seconds, by the clock of the server. */
export async function clockOf(redis: RedisConnection, signal: AbortSignal): Promise<number> {
  const reply = await redis.command(["TIME"], { signal });
  return Number(Array.isArray(reply) ? reply[0] : Number.NaN);
}
