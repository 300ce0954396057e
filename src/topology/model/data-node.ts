import type { Observation } from "../observation.ts";
import { type Endpoint, printEndpoint } from "../parse/address.ts";
import { durationField, field, flagField, type InfoMap, intField, okField, toInt } from "../parse/info.ts";
import { keyCount } from "../parse/keyspace.ts";
import { replicaLines } from "../parse/replica-line.ts";
import { parseRole } from "../parse/role.ts";
import type { DataNode } from "../schema.ts";
import { silentNode } from "./silent.ts";

/** What one instance says of itself. Who it follows is an address here; linking makes ids of addresses. */
export function dataNode(observation: Observation): DataNode {
  const info = observation.info ?? {};
  const config = observation.config ?? {};
  const node: DataNode = {
    ...silentNode(observation),
    listed: observation.listed,
    reach: observation.reach.ok
      ? { ok: true, code: null, message: null, next: [] }
      : { ...observation.reach, next: [...observation.reach.next] },
    via: observation.via,
    latency_ms: observation.duration_ms,
    ...(observation.certificate ? { certificate: { ...observation.certificate } } : {}),
    initial_primary: observation.initial_primary,
    zone: observation.zone ?? null,
    refused: observation.refused.map((refusal) => ({ ...refusal })),
    announced: announcedEndpoint(observation),
    ...server(info),
    ...replication(info, config, observation.role),
    ...persistence(info, config),
    ...resources(info, config),
  };
  node.up = node.reach.ok && !node.loading && node.role !== "unknown";
  node.writable = acceptsWrites(node);
  return node;
}

/** Whether a write would be taken now, as far as the node's own words tell. The state of a cluster is not looked at. */
function acceptsWrites(node: DataNode): boolean {
  if (!node.up || node.role !== "primary") return false;
  const misconf = blockedByPersistence(node);
  const full = node.maxmemory !== null && node.maxmemory > 0 && (node.used_memory ?? 0) >= node.maxmemory;
  const outOfMemory = full && node.maxmemory_policy === "noeviction";
  const failingOver = node.failover_state !== null && node.failover_state !== "no-failover";
  return !misconf && !outOfMemory && !failingOver && !lacksReplicas(node);
}

/** Redis refuses writes with MISCONF after a failed snapshot (if it is told to) and after a failed AOF write. */
function blockedByPersistence(node: DataNode): boolean {
  const snapshot =
    node.last_bgsave_ok === false && node.stop_writes_on_bgsave_error !== false && node.save_points !== "";
  return snapshot || (node.aof_enabled === true && node.aof_last_write_ok === false);
}

/** Fewer good replicas than min-replicas-to-write asks for: writes get NOREPLICAS. A max lag of 0 switches the rule off. */
export function lacksReplicas(node: DataNode): boolean {
  const wanted = node.min_replicas_max_lag === 0 ? 0 : (node.min_replicas_to_write ?? 0);
  return wanted > 0 && node.good_replicas !== null && node.good_replicas < wanted;
}

function server(info: InfoMap) {
  const valkey = field(info, "valkey_version");
  const redis = field(info, "redis_version");
  return {
    engine: field(info, "server_name") ?? (valkey ? "valkey" : redis ? "redis" : null),
    version: valkey ?? redis,
    mode: field(info, "redis_mode") ?? field(info, "server_mode"),
    uptime_s: intField(info, "uptime_in_seconds"),
    process_id: intField(info, "process_id"),
    run_id: field(info, "run_id"),
    config_file: field(info, "config_file") || null,
    loading: flagField(info, "loading") === true,
    loading_left_s: durationField(info, "loading_eta_seconds"),
  };
}

function replication(info: InfoMap, config: InfoMap, roleReply: unknown) {
  const answer = parseRole(roleReply);
  const word = field(info, "role");
  const role = roleOf(word) ?? (answer?.role === "primary" || answer?.role === "replica" ? answer.role : "unknown");
  const isReplica = role === "replica";
  const told = primaryEndpoint(info, answer);
  const attached = replicaLines(info).map((line) => ({
    address: printEndpoint({ address: line.ip, port: line.port }),
    node_id: null,
    state: line.state,
    offset: line.offset,
    lag_s: line.lag,
  }));
  const maxLag = toInt(config["min-replicas-max-lag"]);
  const good = attached.filter(({ state, lag_s }) => state === "online" && lag_s !== null && lag_s <= (maxLag ?? 10));
  return {
    role,
    read_only: isReplica ? (flagField(info, "slave_read_only") ?? yesNo(config["replica-read-only"])) : null,
    failover_state: field(info, "master_failover_state"),
    primary_address: isReplica && told ? printEndpoint(told) : null,
    link_up: isReplica ? linkUp(info, answer) : null,
    link_state: isReplica && answer?.role === "replica" ? answer.state : null,
    link_down_s: isReplica ? linkDownSeconds(info) : null,
    sync_in_progress: isReplica ? flagField(info, "master_sync_in_progress") : null,
    sync_left_bytes: isReplica ? durationField(info, "master_sync_left_bytes") : null,
    last_io_s: isReplica ? durationField(info, "master_last_io_seconds_ago") : null,
    offset: isReplica
      ? (intField(info, "slave_repl_offset") ?? (answer?.role === "replica" ? answer.offset : null))
      : (intField(info, "master_repl_offset") ?? (answer?.role === "primary" ? answer.offset : null)),
    replid: field(info, "master_replid"),
    priority: toInt(config["replica-priority"]) ?? intField(info, "slave_priority"),
    connected_replicas: intField(info, "connected_slaves"),
    attached,
    min_replicas_to_write: toInt(config["min-replicas-to-write"]),
    min_replicas_max_lag: maxLag,
    good_replicas: intField(info, "min_slaves_good_slaves") ?? (role === "unknown" ? null : good.length),
    backlog_bytes: intField(info, "repl_backlog_size"),
    sync_full: intField(info, "sync_full"),
    sync_partial_ok: intField(info, "sync_partial_ok"),
    sync_partial_err: intField(info, "sync_partial_err"),
    on_replicated_error: config["propagation-error-behavior"] ?? null,
    diskless_load: config["repl-diskless-load"] ?? null,
    unexpected_errors: intField(info, "unexpected_error_replies"),
    auth_errors: role === "unknown" ? null : authErrors(info),
  } as const;
}

function persistence(info: InfoMap, config: InfoMap) {
  return {
    bgsave_running: flagField(info, "rdb_bgsave_in_progress"),
    last_bgsave_ok: okField(info, "rdb_last_bgsave_status"),
    stop_writes_on_bgsave_error: yesNo(config["stop-writes-on-bgsave-error"]),
    aof_enabled: flagField(info, "aof_enabled") ?? yesNo(config.appendonly),
    aof_last_write_ok: okField(info, "aof_last_write_status"),
    aof_last_rewrite_ok: okField(info, "aof_last_bgrewrite_status"),
    save_points: config.save ?? null,
    last_save_at: timestamp(intField(info, "rdb_last_save_time")),
    changes_since_save: intField(info, "rdb_changes_since_last_save"),
  };
}

function resources(info: InfoMap, config: InfoMap) {
  return {
    used_memory: intField(info, "used_memory"),
    maxmemory: intField(info, "maxmemory") ?? toInt(config.maxmemory),
    system_memory: intField(info, "total_system_memory"),
    maxmemory_policy: field(info, "maxmemory_policy") ?? config["maxmemory-policy"] ?? null,
    evicted_keys: intField(info, "evicted_keys"),
    ops_per_sec: intField(info, "instantaneous_ops_per_sec"),
    clients: intField(info, "connected_clients"),
    maxclients: intField(info, "maxclients") ?? toInt(config.maxclients),
    // Without any INFO nothing is known, which is not the same as none.
    keys: Object.keys(info).length === 0 ? null : keyCount(info),
  };
}

function announcedEndpoint(observation: Observation): string | null {
  const config = observation.config ?? {};
  const address = config["replica-announce-ip"] || config["cluster-announce-ip"];
  if (!address) return null;
  const port = toInt(config["replica-announce-port"] ?? "0") || toInt(config["cluster-announce-port"] ?? "0");
  const announced = { address, port: port || observation.port };
  const same = announced.address === observation.address && announced.port === observation.port;
  return same ? null : printEndpoint(announced);
}

function primaryEndpoint(info: InfoMap, answer: ReturnType<typeof parseRole>): Endpoint | undefined {
  const address = field(info, "master_host");
  const port = intField(info, "master_port");
  if (address && port !== null) return { address, port };
  return answer?.role === "replica" ? { address: answer.host, port: answer.port } : undefined;
}

function linkUp(info: InfoMap, answer: ReturnType<typeof parseRole>): boolean | null {
  const status = field(info, "master_link_status");
  if (status !== null) return status === "up";
  return answer?.role === "replica" ? answer.state === "connected" : null;
}

/** Null while it never had a link: -1 in newer versions, and seconds since 1970 in 6.0, which counts from 0. */
function linkDownSeconds(info: InfoMap): number | null {
  const seconds = durationField(info, "master_link_down_since_seconds");
  return seconds !== null && seconds < 1e9 ? seconds : null;
}

function roleOf(word: string | null): "primary" | "replica" | undefined {
  if (word === "master" || word === "primary") return "primary";
  return word === "slave" || word === "replica" ? "replica" : undefined;
}

/** `errorstat_WRONGPASS:count=13`: since 6.2, and the only trace of a replica with a wrong masterauth outside of logs. */
function authErrors(info: InfoMap): number {
  return ["errorstat_WRONGPASS", "errorstat_NOAUTH"].reduce((sum, name) => {
    return sum + (toInt(/count=(\d+)/.exec(field(info, name) ?? "")?.[1]) ?? 0);
  }, 0);
}

function yesNo(value: string | undefined): boolean | null {
  return value === "yes" ? true : value === "no" ? false : null;
}

/** RFC 3339 of seconds since 1970; 0 means never. */
function timestamp(seconds: number | null): string | null {
  if (seconds === null || seconds <= 0 || seconds > 8.64e12) return null;
  return new Date(seconds * 1_000).toISOString();
}
