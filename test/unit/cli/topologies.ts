import type { DataNode, Finding, SentinelNode, Topology, Verdict } from "../../../src/topology/schema.ts";

/** A healthy replica on its own; tests say what is different. */
export function node(id: string, differences: Partial<DataNode> = {}): DataNode {
  const [host = id, port = "6379"] = id.split(":");
  return {
    id,
    host,
    zone: null,
    address: "10.0.1.10",
    port: Number(port),
    listed: true,
    initial_primary: false,
    standby: false,
    known_by: [],
    announced: null,
    up: true,
    reach: { ok: true, code: null, message: null, next: [] },
    via: "ssh",
    shell: null,
    redis_cli: `redis-cli -h 10.0.1.10 -p ${port}`,
    latency_ms: 12,
    engine: "redis",
    version: "7.0.15",
    mode: "standalone",
    uptime_s: 86_400,
    process_id: 100,
    run_id: "a".repeat(40),
    config_file: "/etc/redis/redis.conf",
    role: "replica",
    writable: false,
    loading: false,
    loading_left_s: null,
    read_only: true,
    failover_state: "no-failover",
    primary_id: "r1:6379",
    primary_address: "10.0.1.10:6379",
    link_up: true,
    link_state: "connected",
    link_down_s: null,
    sync_in_progress: false,
    sync_left_bytes: null,
    last_io_s: 0,
    offset: 123_456,
    lag: 0,
    lag_s: 0,
    replid: "8f3a11c0".repeat(5),
    priority: 100,
    connected_replicas: 0,
    attached: [],
    on_replicated_error: "ignore",
    diskless_load: "disabled",
    unexpected_errors: 0,
    auth_errors: 0,
    min_replicas_to_write: 0,
    min_replicas_max_lag: 10,
    good_replicas: null,
    backlog_bytes: 1_048_576,
    sync_full: 0,
    sync_partial_ok: 0,
    sync_partial_err: 0,
    bgsave_running: false,
    last_bgsave_ok: true,
    stop_writes_on_bgsave_error: true,
    aof_enabled: true,
    aof_last_write_ok: true,
    aof_last_rewrite_ok: true,
    save_points: "3600 1 300 100",
    last_save_at: "2026-11-21T01:32:00.000Z",
    changes_since_save: 5,
    used_memory: 1_288_490_189,
    maxmemory: 6_442_450_944,
    system_memory: 16_000_000_000,
    maxmemory_policy: "noeviction",
    evicted_keys: 0,
    ops_per_sec: 1_234,
    clients: 42,
    maxclients: 10_000,
    keys: 1_000_000,
    refused: [],
    cluster: null,
    ...differences,
  };
}

export function primary(id: string, differences: Partial<DataNode> = {}): DataNode {
  return node(id, {
    role: "primary",
    writable: true,
    read_only: null,
    primary_id: null,
    primary_address: null,
    link_up: null,
    link_state: null,
    sync_in_progress: null,
    lag: null,
    lag_s: null,
    ...differences,
  });
}

/** An instance that did not answer: nothing is known of it but what others say. */
export function silent(id: string, code: string, message: string, differences: Partial<DataNode> = {}): DataNode {
  const known = node(id);
  const unknown = Object.fromEntries(
    Object.entries(known).map(([key, value]) => [key, typeof value === "number" || key === "version" ? null : value]),
  ) as unknown as DataNode;
  return {
    ...unknown,
    port: known.port,
    latency_ms: 3_000,
    engine: null,
    up: false,
    reach: { ok: false, code, message, next: [] },
    role: "unknown",
    link_up: null,
    sync_in_progress: null,
    aof_enabled: null,
    save_points: null,
    last_save_at: null,
    bgsave_running: null,
    last_bgsave_ok: null,
    ...differences,
  };
}

export function sentinel(id: string, differences: Partial<SentinelNode> = {}): SentinelNode {
  return {
    id,
    host: id.split(":")[0] ?? id,
    zone: null,
    address: "10.0.1.10",
    port: 26_379,
    listed: true,
    known_by: [],
    up: true,
    reach: { ok: true, code: null, message: null, next: [] },
    via: "ssh",
    shell: null,
    redis_cli: "redis-cli -h 10.0.1.10 -p 26379",
    latency_ms: 8,
    version: "7.0.15",
    run_id: `${id}-run`,
    watching: true,
    watches: ["mymaster"],
    primary_id: "r1:6379",
    primary_address: "10.0.1.10:6379",
    flags: [],
    quorum: 2,
    config_epoch: 4,
    down_after_ms: 5_000,
    failover_timeout_ms: 60_000,
    tilt: false,
    others: 2,
    others_reachable: 2,
    known_replicas: [],
    known_sentinels: [],
    ckquorum_ok: true,
    ckquorum_message: "OK 3 usable Sentinels",
    refused: [],
    ...differences,
  };
}

export function topology(differences: Partial<Topology> = {}): Topology {
  return {
    deployment: "shop",
    kind: "sentinel",
    master_name: "mymaster",
    declared_quorum: 2,
    observed_at: "2026-11-21T01:36:35.000Z",
    duration_ms: 84,
    nodes: [primary("r1:6379"), node("r2:6379"), node("r3:6379")],
    sentinels: [sentinel("r1:26379"), sentinel("r2:26379"), sentinel("r3:26379")],
    shards: [{ id: "main", primary_id: "r1:6379", replica_ids: ["r2:6379", "r3:6379"], slots: [] }],
    views: [],
    primary_id: "r1:6379",
    cluster: null,
    ...differences,
  };
}

export function verdict(differences: Partial<Verdict> = {}): Verdict {
  return {
    state: "healthy",
    summary: "All 3 instances answer and both replicas are in step.",
    tolerance: { failures: 1, text: "Any one host may be lost: Sentinel would fail over.", limited_by: [] },
    findings: [],
    ...differences,
  };
}

export function finding(differences: Partial<Finding> = {}): Finding {
  return {
    id: "primary_down",
    severity: "critical",
    subject: "r1:6379",
    message: "the primary does not answer: connection refused",
    evidence: ["connect ECONNREFUSED 10.0.1.10:6379"],
    next: ["redisha doctor --host r1"],
    ...differences,
  };
}
