import type { TopologyKind } from "../../inventory/model.ts";

/** What the rules depend on, as far as their tests do. */
export interface RuleNeeds {
  readonly deployment: string;
  /** Of the job that scrapes servers; those of others begin with it. */
  readonly name: string;
  readonly kind: TopologyKind;
  readonly tls: boolean;
  readonly data: readonly Node[];
  readonly sentinels: readonly Node[];
  readonly replicas: number;
  readonly lag: number;
  readonly certificate_seconds: number;
  readonly drill_seconds: number;
  readonly node_exporter: string | null;
  readonly backup: { readonly made: Age; readonly verified: Age | null; readonly followed: Age } | null;
}

interface Node {
  readonly instance: string;
}

interface Age {
  readonly seconds: number;
}

/** By metric and labels as Prometheus writes them, values as promtool reads them. */
type Series = Map<string, string>;

/** Something that goes wrong, and whom it calls. */
export interface Case {
  readonly name: string;
  readonly change: (series: Series) => void;
  /** Names of the alerts that fire, and no others. */
  readonly fires: readonly string[];
}

/** Minutes that series go on; alerts are looked at in the last of them. Longer than any of them waits. */
export const MINUTES = 35;

const HELD = `1x${MINUTES}`;
const always = (value: number) => `${value}x${MINUTES}`;
/** So much more every minute. */
const growing = (byMinute: number) => `0+${byMinute}x${MINUTES}`;
const MIB = 1024 ** 2;

/** A deployment where nothing is wrong. */
export function healthy(needs: RuleNeeds): Series {
  const { deployment, name, data, sentinels, kind, replicas } = needs;
  const series: Series = new Map();
  const put = (metric: string, labels: string, values: string) => series.set(`${metric}{${labels}}`, values);
  for (const [at, { instance }] of data.entries()) {
    const labels = labelsOf(needs, instance);
    const primary = isPrimary(needs, at);
    put("up", labels, HELD);
    put("redis_up", labels, HELD);
    put("redis_instance_info", `${labels}, role="${primary ? "master" : "slave"}"`, HELD);
    put("redis_memory_used_bytes", labels, always(100 * MIB));
    put("redis_memory_max_bytes", labels, always(1024 * MIB));
    put("redis_connected_clients", labels, always(10));
    put("redis_config_maxclients", labels, always(10_000));
    put("redis_rejected_connections_total", labels, always(0));
    for (const what of ["rdb_last_bgsave", "aof_last_write", "aof_last_bgrewrite"])
      put(`redis_${what}_status`, labels, HELD);
    put("redis_master_repl_offset", labels, growing(MIB));
    put("redis_replication_backlog_bytes", labels, always(64 * MIB));
    put("redis_connected_slaves", labels, always(primary ? replicas : 0));
    if (primary)
      put("redis_connected_slave_offset_bytes", `${labels}, slave_ip="192.0.2.9", slave_port="6379"`, growing(MIB));
    else put("redis_master_link_up", labels, HELD);
    if (kind !== "cluster") continue;
    put("redis_cluster_state", labels, HELD);
    put("redis_cluster_slots_assigned", labels, always(16_384));
    put("redis_cluster_slots_fail", labels, always(0));
    put("redis_cluster_known_nodes", labels, always(data.length));
  }
  for (const { instance } of sentinels) {
    const labels = sentinelLabels(needs, instance);
    put("up", labels, HELD);
    put("redis_up", labels, HELD);
    put("redis_sentinel_tilt", labels, always(0));
    put("redis_sentinel_master_ckquorum_status", labels, HELD);
    put("redis_sentinel_master_status", `${labels}, master_address="192.0.2.1:6379"`, HELD);
  }
  for (const { instance } of needs.tls ? [...data, ...sentinels] : []) {
    const labels = `job="${name}-certificates", deployment="${deployment}", instance="${instance}"`;
    put("probe_success", labels, HELD);
    put("probe_ssl_earliest_cert_expiry", labels, always(needs.certificate_seconds + MINUTES * 60 + 1));
  }
  const own = `deployment="${deployment}"`;
  if (needs.backup) {
    put("redisha_backup_last_success_timestamp_seconds", own, always(0));
    put("redisha_backup_last_verify_timestamp_seconds", own, always(0));
    put("redisha_backup_last_exit_code", own, always(3));
    put("redisha_backup_check_timestamp_seconds", own, always(0));
    put("redisha_backup_pitr_window_end_timestamp_seconds", own, always(-needs.backup.followed.seconds));
    put("redisha_backup_findings", `${own}, code="too_old"`, always(0));
  }
  if (needs.node_exporter !== null) put("redisha_drill_last_good_timestamp_seconds", own, always(0));
  return series;
}

/** What goes wrong, and who is called for it. */
export function casesOf(needs: RuleNeeds): readonly Case[] {
  const { kind, sentinels, tls, backup, node_exporter } = needs;
  return [
    { name: "nothing is wrong", change: () => undefined, fires: [] },
    ...ofServers(needs),
    ...(kind === "cluster" ? ofCluster(needs) : ofOnePrimary(needs)),
    ...(sentinels.length > 0 ? ofSentinels(needs) : []),
    ...(tls ? ofCertificates(needs) : []),
    ...(backup ? ofBackups(needs, backup) : []),
    ...(node_exporter === null ? [] : ofDrills(needs)),
  ];
}

function ofServers(needs: RuleNeeds): Case[] {
  const [first, last] = [needs.data[0]?.instance ?? "", needs.data.at(-1)?.instance ?? ""];
  const primary = labelsOf(needs, first);
  const replica = labelsOf(needs, last);
  const one = (name: string, metric: string, labels: string, values: string, ...fires: string[]): Case => ({
    name,
    change: (series) => series.set(`${metric}{${labels}}`, values),
    fires,
  });
  const replicas = needs.data.length > 1 && needs.replicas > 0;
  return [
    {
      name: "a replica is down",
      change: (series) => {
        lose(series, replica);
        series.set(`up{${replica}}`, HELD).set(`redis_up{${replica}}`, always(0));
      },
      fires: replicas ? ["RedisDown"] : wholeOutage(needs),
    },
    one("the exporter is down", "up", replica, always(0), "RedisExporterDown"),
    one("clients are turned away", "redis_rejected_connections_total", primary, growing(3), "RedisRejectsConnections"),
    one("nearly all connections are in use", "redis_connected_clients", primary, always(9_000), "RedisConnectionsHigh"),
    one("memory is nearly full", "redis_memory_used_bytes", primary, always(1020 * MIB), "RedisMemoryHigh"),
    one("maxmemory is not set", "redis_memory_max_bytes", primary, always(0)),
    one("saving fails", "redis_rdb_last_bgsave_status", primary, always(0), "RedisSnapshotFailing"),
    one("appending fails", "redis_aof_last_write_status", primary, always(0), "RedisAppendFailing"),
    one("rewriting fails", "redis_aof_last_bgrewrite_status", primary, always(0), "RedisAppendFailing"),
    one("the backlog is short", "redis_replication_backlog_bytes", primary, always(MIB), "RedisBacklogShort"),
    ...(replicas
      ? [
          one("a link is down", "redis_master_link_up", replica, always(0), "RedisReplicationBroken"),
          one(
            "a replica is gone",
            "redis_connected_slaves",
            primary,
            always(needs.replicas - 1),
            "RedisReplicasMissing",
          ),
          one(
            "a replica is behind",
            "redis_connected_slave_offset_bytes",
            `${primary}, slave_ip="192.0.2.9", slave_port="6379"`,
            `${-needs.lag - 1}+${MIB}x${MINUTES}`,
            "RedisReplicationLag",
          ),
        ]
      : []),
  ];
}

/** A single server that is down takes all with it. */
function wholeOutage({ kind }: RuleNeeds): string[] {
  return kind === "cluster" ? ["RedisDown"] : ["RedisDown", "RedisNoPrimary"];
}

function ofOnePrimary(needs: RuleNeeds): Case[] {
  const [first, last] = [needs.data[0]?.instance ?? "", needs.data.at(-1)?.instance ?? ""];
  const labels = labelsOf(needs, first);
  const replica = labelsOf(needs, last);
  const down: Case = {
    name: "the primary is down, and nobody took over",
    change: (series) => {
      lose(series, labels);
      series.set(`up{${labels}}`, HELD).set(`redis_up{${labels}}`, always(0));
    },
    fires: ["RedisDown", "RedisNoPrimary"],
  };
  if (first === last) return [down];
  const two: Case = {
    name: "two hold themselves for the primary",
    change: (series) => {
      lose(series, replica);
      for (const metric of ["up", "redis_up"]) series.set(`${metric}{${replica}}`, HELD);
      series.set(`redis_instance_info{${replica}, role="master"}`, HELD);
    },
    fires: ["RedisTwoPrimaries"],
  };
  const promoted: Case = {
    name: "another was promoted a few minutes ago",
    change: (series) => {
      lose(series, labels);
      for (const metric of ["up", "redis_up"]) series.set(`${metric}{${labels}}`, HELD);
      series.delete(`redis_instance_info{${replica}, role="slave"}`);
      series.set(`redis_instance_info{${labels}, role="master"}`, `1x${MINUTES - 6} stale`);
      series.set(`redis_instance_info{${labels}, role="slave"}`, `_x${MINUTES - 5} 1x5`);
      series.set(`redis_instance_info{${replica}, role="master"}`, `_x${MINUTES - 5} 1x5`);
      series.set(`redis_instance_info{${replica}, role="slave"}`, `1x${MINUTES - 6} stale`);
      series.set(`redis_connected_slaves{${replica}}`, always(needs.replicas));
    },
    fires: ["RedisFailedOver"],
  };
  return needs.kind === "replication" ? [down, two] : [down, two, promoted];
}

function ofCluster(needs: RuleNeeds): Case[] {
  const labels = labelsOf(needs, needs.data[0]?.instance ?? "");
  const one = (name: string, metric: string, value: number, ...fires: string[]): Case => ({
    name,
    change: (series) => series.set(`redis_cluster_${metric}{${labels}}`, always(value)),
    fires,
  });
  return [
    one("the cluster is down", "state", 0, "RedisClusterDown"),
    one("slots are nobody's", "slots_assigned", 16_000, "RedisClusterSlotsMissing"),
    one("slots are of one that failed", "slots_fail", 100, "RedisClusterSlotsMissing"),
    one("nodes know different nodes", "known_nodes", needs.data.length + 1, "RedisClusterViewsDiffer"),
  ];
}

function ofSentinels(needs: RuleNeeds): Case[] {
  const all = needs.sentinels.map(({ instance }) => sentinelLabels(needs, instance));
  const [first = ""] = all;
  const down = (series: Series, labels: string) => {
    lose(series, labels);
    series.set(`up{${labels}}`, HELD).set(`redis_up{${labels}}`, always(0));
  };
  return [
    {
      name: "a Sentinel is down",
      change: (series) => down(series, first),
      fires: all.length > 2 ? ["RedisSentinelDown"] : ["RedisSentinelDown", "RedisSentinelQuorumLost"],
    },
    {
      name: "all Sentinels are down",
      change: (series) => {
        for (const labels of all) down(series, labels);
      },
      fires: ["RedisSentinelDown", "RedisSentinelQuorumLost"],
    },
    {
      name: "a Sentinel says that it has no quorum",
      change: (series) => series.set(`redis_sentinel_master_ckquorum_status{${first}}`, always(0)),
      fires: ["RedisSentinelQuorumLost"],
    },
    {
      name: "a Sentinel names another primary",
      change: (series) => series.set(`redis_sentinel_master_status{${first}, master_address="192.0.2.2:6379"}`, HELD),
      fires: ["RedisSentinelsDisagree"],
    },
    {
      name: "a Sentinel does not trust its clock",
      change: (series) => series.set(`redis_sentinel_tilt{${first}}`, HELD),
      fires: ["RedisSentinelTilt"],
    },
  ];
}

function ofCertificates({ name, deployment, data, certificate_seconds }: RuleNeeds): Case[] {
  const labels = `job="${name}-certificates", deployment="${deployment}", instance="${data[0]?.instance}"`;
  return [
    {
      name: "a certificate ends",
      change: (series) => series.set(`probe_ssl_earliest_cert_expiry{${labels}}`, always(certificate_seconds)),
      fires: ["RedisCertificateEnds"],
    },
    {
      name: "a certificate is not signed by the authority",
      change: (series) => series.set(`probe_success{${labels}}`, always(0)),
      fires: ["RedisCertificateUnseen"],
    },
  ];
}

function ofBackups({ deployment }: RuleNeeds, { made, verified, followed }: NonNullable<RuleNeeds["backup"]>): Case[] {
  const own = `{deployment="${deployment}"}`;
  const one = (name: string, metric: string, value: number, alert: string): Case => ({
    name,
    change: (series) => series.set(`redisha_backup_${metric}${own}`, always(value)),
    fires: [alert],
  });
  return [
    one("the newest backup is too old", "last_success_timestamp_seconds", -made.seconds, "RedisBackupTooOld"),
    one("a backup failed", "last_exit_code", 1, "RedisBackupFailed"),
    ...(verified
      ? [one("none was proven for long", "last_verify_timestamp_seconds", -verified.seconds, "RedisBackupUnproven")]
      : []),
    one("nobody follows", "pitr_window_end_timestamp_seconds", -followed.seconds - 1, "RedisBackupNotFollowed"),
    {
      name: "a check found something",
      change: (series) => series.set(`redisha_backup_findings{deployment="${deployment}", code="too_old"}`, HELD),
      fires: ["RedisBackupFindings"],
    },
    {
      name: "nothing is known of backups",
      change: (series) => series.delete(`redisha_backup_last_success_timestamp_seconds${own}`),
      fires: ["RedisBackupUnknown"],
    },
  ];
}

function ofDrills({ deployment, drill_seconds }: RuleNeeds): Case[] {
  const series = `redisha_drill_last_good_timestamp_seconds{deployment="${deployment}"}`;
  return [
    {
      name: "no good drill for long",
      change: (all) => all.set(series, always(-drill_seconds)),
      fires: ["RedisDrillTooOld"],
    },
    { name: "no drill is known", change: (all) => all.delete(series), fires: ["RedisDrillUnknown"] },
  ];
}

function labelsOf({ name, deployment }: RuleNeeds, instance: string): string {
  return `job="${name}", deployment="${deployment}", instance="${instance}"`;
}

function sentinelLabels({ name, deployment }: RuleNeeds, instance: string): string {
  return `job="${name}-sentinel", deployment="${deployment}", instance="${instance}"`;
}

/** In a Cluster the first half, as if it were formed so. */
function isPrimary({ kind, data, replicas }: RuleNeeds, at: number): boolean {
  return kind === "cluster" ? at < data.length / (replicas + 1) : at === 0;
}

/** Takes away all that is known of one. */
function lose(series: Series, labels: string): void {
  for (const key of [...series.keys()]) if (key.includes(`{${labels}`)) series.delete(key);
}
