import { z } from "zod";

/**
 * The model of a live deployment: what `status --json` prints, what `topo` is in expressions, what plans fingerprint.
 * Keys are snake_case because this is a wire format. Values that could not be read are null, never guessed.
 */

const nullableInt = z.int().nullable();

const findingSchema = z.strictObject({
  id: z.string().describe("Stable name of the finding, e.g. two_primaries"),
  severity: z.enum(["info", "warning", "critical"]),
  subject: z.string().describe("Instance, Sentinel, shard or deployment it is about"),
  message: z.string(),
  evidence: z.array(z.string()),
  next: z.array(z.string()).describe("What to type or to look at"),
});

const reachSchema = z.strictObject({
  ok: z.boolean(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  next: z.array(z.string()),
});

const shell = z
  .string()
  .nullable()
  .describe("Typed before a command to run it on that host; empty for this machine, null where no way is known");
const redisCli = z.string().describe("redis-cli for it as typed here, without a command; asks for a password");

const certificate = z
  .strictObject({ not_after: z.string(), authority_not_after: z.string().nullable() })
  .optional()
  .describe("When the certificate ends that it showed, and the first of those that signed it; absent without TLS");

const dataNodeSchema = z.strictObject({
  id: z.string().describe("host:port as in redisha.yaml, address:port where it is not listed"),
  host: z.string(),
  zone: z.string().nullable(),
  address: z.string(),
  port: z.int(),
  listed: z.boolean().describe("Declared in redisha.yaml"),
  initial_primary: z.boolean(),
  standby: z.boolean().describe("Declared as the one that is kept on the release from before, for the way back"),
  known_by: z.array(z.string()).describe("For a node that did not answer: the instances whose words are told of it"),
  announced: z.string().nullable().describe("host:port that it tells others to use, where that is not the listed one"),
  up: z.boolean().describe("Answered, and is not loading"),
  reach: reachSchema,
  via: z.enum(["direct", "ssh", "local"]),
  latency_ms: z.number().describe("Time the whole observation took"),
  certificate,
  shell,
  redis_cli: redisCli,
  engine: z.string().nullable().describe("redis, valkey, …"),
  version: z.string().nullable(),
  mode: z.string().nullable(),
  uptime_s: nullableInt,
  process_id: nullableInt,
  run_id: z.string().nullable(),
  config_file: z.string().nullable(),
  role: z.enum(["primary", "replica", "unknown"]).describe("By its own words; unknown where it did not answer"),
  writable: z.boolean().describe("A primary that would accept a write now"),
  loading: z.boolean(),
  loading_left_s: nullableInt.describe("Its own estimate, in seconds"),
  read_only: z.boolean().nullable().describe("For a replica: refuses writes of clients"),
  failover_state: z.string().nullable().describe("master_failover_state of the FAILOVER command (6.2 and later)"),
  primary_id: z
    .string()
    .nullable()
    .describe("For a replica: the node it follows, by id; by the words of others where it did not answer"),
  primary_address: z.string().nullable().describe("For a replica: host:port it was told to follow"),
  link_up: z.boolean().nullable(),
  link_state: z.string().nullable().describe("Of a replica, by ROLE: connect, connecting, sync or connected"),
  link_down_s: nullableInt,
  sync_in_progress: z.boolean().nullable(),
  sync_left_bytes: nullableInt,
  last_io_s: nullableInt,
  offset: nullableInt.describe("master_repl_offset, or slave_repl_offset of a replica"),
  lag: nullableInt.describe("Bytes behind its primary"),
  lag_s: nullableInt.describe("Seconds since the primary last heard an ACK, by the primary"),
  replid: z.string().nullable(),
  priority: nullableInt.describe("replica-priority; 0 is never promoted"),
  connected_replicas: nullableInt,
  attached: z
    .array(
      z.strictObject({
        address: z.string(),
        node_id: z.string().nullable(),
        state: z.string(),
        offset: nullableInt,
        lag_s: nullableInt,
      }),
    )
    .describe("Replicas attached to it, by its own words"),
  on_replicated_error: z
    .string()
    .nullable()
    .describe(
      "propagation-error-behavior (7.0 and later): ignore, or panic, which ends it at a command that it cannot do",
    ),
  diskless_load: z
    .string()
    .nullable()
    .describe("repl-diskless-load: with swapdb its data stays where a full sync cannot be loaded"),
  unexpected_errors: nullableInt.describe("Replicated commands that failed on it since it started"),
  auth_errors: nullableInt.describe("Logins refused since it started (WRONGPASS and NOAUTH; 6.2 and later)"),
  min_replicas_to_write: nullableInt,
  min_replicas_max_lag: nullableInt,
  good_replicas: nullableInt,
  backlog_bytes: nullableInt,
  sync_full: nullableInt,
  sync_partial_ok: nullableInt,
  sync_partial_err: nullableInt,
  bgsave_running: z.boolean().nullable(),
  last_bgsave_ok: z.boolean().nullable(),
  stop_writes_on_bgsave_error: z.boolean().nullable(),
  aof_enabled: z.boolean().nullable(),
  aof_last_write_ok: z.boolean().nullable(),
  aof_last_rewrite_ok: z.boolean().nullable(),
  save_points: z.string().nullable().describe("CONFIG save; empty means no snapshots"),
  last_save_at: z.string().nullable(),
  changes_since_save: nullableInt,
  used_memory: nullableInt,
  maxmemory: nullableInt,
  system_memory: nullableInt,
  maxmemory_policy: z.string().nullable(),
  evicted_keys: nullableInt,
  ops_per_sec: nullableInt,
  clients: nullableInt,
  maxclients: nullableInt,
  keys: nullableInt,
  refused: z.array(z.strictObject({ command: z.string(), code: z.string(), message: z.string() })),
  cluster: z
    .strictObject({
      node_id: z.string(),
      shard: z.string().nullable(),
      state: z.string(),
      epoch: nullableInt,
      slots: z.array(z.tuple([z.int(), z.int()])),
      slots_count: z.int(),
      migrating: z.array(z.strictObject({ slot: z.int(), node_id: z.string() })),
      importing: z.array(z.strictObject({ slot: z.int(), node_id: z.string() })),
      known_nodes: nullableInt,
      failing: z.array(z.string()).describe("Nodes that this node holds to be failing, by id: suspected and agreed on"),
      failed: z.array(z.string()).describe("Of those, the ones that a majority agreed on"),
      links_down: z.array(z.string()).describe("Nodes to which its cluster bus is not connected, by id"),
      signature: z.string().nullable().describe("Who owns which slots, by its view; nodes that agree have the same"),
      node_timeout_ms: nullableInt,
      full_coverage_required: z.boolean().nullable(),
      never_promotes: z.boolean().nullable().describe("cluster-replica-no-failover"),
    })
    .nullable(),
});

const sentinelSchema = z.strictObject({
  id: z.string(),
  host: z.string(),
  zone: z.string().nullable(),
  address: z.string(),
  port: z.int(),
  listed: z.boolean(),
  known_by: z.array(z.string()).describe("For one that did not answer: the Sentinels that know it"),
  up: z.boolean(),
  reach: reachSchema,
  via: z.enum(["direct", "ssh", "local"]),
  latency_ms: z.number(),
  certificate,
  shell,
  redis_cli: redisCli,
  version: z.string().nullable(),
  run_id: z.string().nullable().describe("myid, by which other Sentinels know it"),
  watching: z.boolean().describe("Knows the deployment's master name"),
  watches: z.array(z.string()).describe("Names of all groups that it watches"),
  primary_id: z.string().nullable().describe("The primary by its view, as a node id where known"),
  primary_address: z.string().nullable(),
  flags: z.array(z.string()).describe("Flags of the primary by its view: s_down, o_down, failover_in_progress"),
  quorum: nullableInt,
  config_epoch: nullableInt,
  down_after_ms: nullableInt,
  failover_timeout_ms: nullableInt,
  tilt: z.boolean().nullable().describe("Its clock jumped: it watches but acts on nothing"),
  others: nullableInt.describe("Other Sentinels it knows"),
  others_reachable: nullableInt.describe("Of those, the ones it does not hold to be down"),
  known_replicas: z.array(
    z.strictObject({
      address: z.string(),
      node_id: z.string().nullable(),
      flags: z.array(z.string()),
      link_up: z.boolean(),
      priority: nullableInt,
    }),
  ),
  known_sentinels: z.array(
    z.strictObject({
      address: z.string(),
      sentinel_id: z.string().nullable(),
      run_id: z.string(),
      flags: z.array(z.string()),
    }),
  ),
  ckquorum_ok: z.boolean().nullable(),
  ckquorum_message: z.string().nullable(),
  refused: z.array(z.strictObject({ command: z.string(), code: z.string(), message: z.string() })),
});

const shardSchema = z.strictObject({
  id: z.string().describe("main, or the first slot range of a cluster shard: 0-5460"),
  primary_id: z.string().nullable(),
  replica_ids: z.array(z.string()),
  slots: z.array(z.tuple([z.int(), z.int()])),
});

const primaryViewSchema = z.strictObject({
  source: z.string().describe("configured, info, replica <id> or sentinel <id>"),
  primary_id: z.string().nullable(),
  address: z.string().nullable(),
});

const toleranceSchema = z.strictObject({
  failures: z
    .int()
    .describe(
      "Instances or hosts of the worst kind that may be lost while writes go on after a failover; -1: writes are not possible now",
    ),
  text: z.string().describe("The same in plain words"),
  limited_by: z.array(z.string()),
});

export const topologySchema = z.strictObject({
  deployment: z.string(),
  kind: z.enum(["replication", "sentinel", "cluster"]),
  master_name: z.string().nullable(),
  declared_quorum: nullableInt,
  observed_at: z.string(),
  duration_ms: z.number(),
  nodes: z.array(dataNodeSchema),
  sentinels: z.array(sentinelSchema),
  shards: z.array(shardSchema),
  views: z.array(primaryViewSchema).describe("Who the primary is, by each that was asked; empty for a cluster"),
  primary_id: z
    .string()
    .nullable()
    .describe("The one primary on which the views agree best; null for a cluster and where there is none"),
  cluster: z
    .strictObject({ state: z.string(), slots_assigned: z.int(), slots_ok: z.int(), size: z.int(), epoch: nullableInt })
    .nullable(),
});

export const verdictSchema = z.strictObject({
  state: z.enum(["healthy", "degraded", "critical", "unreachable"]),
  summary: z.string().describe("One sentence"),
  tolerance: toleranceSchema,
  findings: z.array(findingSchema).describe("Worst first"),
});

export type Topology = z.infer<typeof topologySchema>;
export type DataNode = z.infer<typeof dataNodeSchema>;
export type SentinelNode = z.infer<typeof sentinelSchema>;
export type Shard = z.infer<typeof shardSchema>;
export type PrimaryView = z.infer<typeof primaryViewSchema>;
export type Finding = z.infer<typeof findingSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
