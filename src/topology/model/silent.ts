import { parseEndpoint } from "../parse/address.ts";
import type { DataNode, SentinelNode } from "../schema.ts";

/** Where an instance is. */
export interface Place {
  readonly instance: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly shell?: string;
  readonly redis_cli?: string;
}

/** The code in `reach` of instances that nobody asked, because redisha.yaml does not list them. */
export const NOT_OBSERVED = "NOT_OBSERVED";

/** A data node of which nothing is known but where it is. */
export function silentNode(place: Place): DataNode {
  return {
    ...silent(place),
    initial_primary: false,
    standby: false,
    announced: null,
    engine: null,
    version: null,
    mode: null,
    uptime_s: null,
    process_id: null,
    run_id: null,
    config_file: null,
    role: "unknown",
    writable: false,
    loading: false,
    loading_left_s: null,
    read_only: null,
    failover_state: null,
    primary_id: null,
    primary_address: null,
    link_up: null,
    link_state: null,
    link_down_s: null,
    sync_in_progress: null,
    sync_left_bytes: null,
    last_io_s: null,
    offset: null,
    lag: null,
    lag_s: null,
    replid: null,
    priority: null,
    connected_replicas: null,
    attached: [],
    on_replicated_error: null,
    diskless_load: null,
    unexpected_errors: null,
    auth_errors: null,
    min_replicas_to_write: null,
    min_replicas_max_lag: null,
    good_replicas: null,
    backlog_bytes: null,
    sync_full: null,
    sync_partial_ok: null,
    sync_partial_err: null,
    bgsave_running: null,
    last_bgsave_ok: null,
    stop_writes_on_bgsave_error: null,
    aof_enabled: null,
    aof_last_write_ok: null,
    aof_last_rewrite_ok: null,
    save_points: null,
    last_save_at: null,
    changes_since_save: null,
    used_memory: null,
    maxmemory: null,
    system_memory: null,
    maxmemory_policy: null,
    evicted_keys: null,
    ops_per_sec: null,
    clients: null,
    maxclients: null,
    keys: null,
    cluster: null,
  };
}

/** A Sentinel of which nothing is known but where it is. */
export function silentSentinel(place: Place): SentinelNode {
  return {
    ...silent(place),
    version: null,
    run_id: null,
    watching: false,
    watches: [],
    primary_id: null,
    primary_address: null,
    flags: [],
    quorum: null,
    config_epoch: null,
    down_after_ms: null,
    failover_timeout_ms: null,
    tilt: null,
    others: null,
    others_reachable: null,
    known_replicas: [],
    known_sentinels: [],
    ckquorum_ok: null,
    ckquorum_message: null,
  };
}

/** Where an unlisted instance is, by the only thing that is known of it. */
export function placeOf(endpoint: string): Place {
  const { address, port } = parseEndpoint(endpoint) ?? { address: endpoint, port: 0 };
  return { instance: endpoint, host: address, address, port };
}

function silent({ instance, host, address, port, shell, redis_cli }: Place) {
  return {
    id: instance,
    host,
    zone: null,
    address,
    port,
    listed: false,
    known_by: [],
    up: false,
    reach: {
      ok: false,
      code: NOT_OBSERVED,
      message: "redisha.yaml does not list it: known only from what others say",
      next: ["add it to redisha.yaml"],
    },
    via: "direct" as const,
    latency_ms: 0,
    shell: shell ?? null,
    redis_cli: redis_cli ?? `redis-cli -h ${address} -p ${port}`,
    refused: [],
  };
}
