import { describe, expect, it } from "vitest";
import type { Observation } from "../../../src/topology/observation.ts";
import {
  addressOf,
  data,
  dead,
  found,
  ids,
  look,
  nodeOf,
  primary,
  REPLICATION,
  replica,
  SENTINEL,
  sentinel,
  sentinelGroup,
} from "./deployments.ts";

type Group = Record<string, Observation>;

/** The healthy group with some observations changed. */
function group(damage: (healthy: Group) => Group = () => ({})): Group {
  const healthy = sentinelGroup();
  return { ...healthy, ...damage(healthy) };
}

function must(observation: Observation | undefined): Observation {
  if (!observation) throw new Error("no such observation");
  return observation;
}

function withInfo(observation: Observation | undefined, info: Record<string, string>): Observation {
  const base = must(observation);
  return { ...base, info: { ...base.info, ...info } };
}

function withConfig(observation: Observation | undefined, config: Record<string, string>): Observation {
  const base = must(observation);
  return { ...base, config: { ...base.config, ...config } };
}

function seeing(host: string, over: Partial<Parameters<typeof sentinel>[1]>): Observation {
  const peers = ["r1", "r2", "r3"].filter((name) => name !== host);
  return sentinel(host, { names: "r1", replicas: ["r2", "r3"], peers, ...over });
}

const each = (change: (host: string) => Observation): Group => ({
  s1: change("r1"),
  s2: change("r2"),
  s3: change("r3"),
});

describe("a failover that has chosen its replica", () => {
  it("is not held against that replica: the flags are those of the primary that died", () => {
    const answers = { master_address: { address: addressOf("r3"), port: 6379 } };
    const s2 = seeing("r2", { flags: "s_down,o_down,failover_in_progress", answers });
    const result = look(
      SENTINEL,
      group(({ r1 }) => ({ r1: dead(must(r1)), r3: primary("r3", []), s2 })),
    );
    expect(found(result, "primary_odown")).toBeUndefined();
    expect(found(result, "failover_in_progress")).toBeDefined();
  });
});

describe("a group whose servers all gave no answer", () => {
  const silent = ({ r1, r2, r3 }: Group): Group => ({ r1: dead(must(r1)), r2: dead(must(r2)), r3: dead(must(r3)) });

  it("is critical once its Sentinels have lost them too, and says which one to start", () => {
    const lost = each((host) => seeing(host, { flags: "disconnected" }));
    const result = look(SENTINEL, { ...group(silent), ...lost });
    expect(result.verdict.state).toBe("critical");
    expect(found(result, "no_primary")).toMatchObject({ severity: "critical", next: ["start r1:6379"] });
  });

  it("is not held to be without a primary while a Sentinel still sees it: our way there may be closed", () => {
    expect(found(look(SENTINEL, group(silent)), "no_primary")).toBeUndefined();
  });
});

describe("a healthy group with Sentinel", () => {
  it("is healthy, says so in one sentence, and tolerates the loss of any host", () => {
    const { verdict } = look(SENTINEL, group());
    expect(verdict.findings).toEqual([]);
    expect(verdict.state).toBe("healthy");
    expect(verdict.summary).toBe(
      "Healthy: r1:6379 is primary with 2 replicas in sync; 3 Sentinels agree; tolerates the loss of any 1 host.",
    );
    expect(verdict.tolerance.limited_by[0]).toContain("1 of 3 Sentinels left, below 2 for a majority");
  });
});

interface Example {
  readonly damage: string;
  readonly id: string;
  readonly severity: "info" | "warning" | "critical";
  readonly says: string;
  readonly group: () => Group;
}

const EXAMPLES: readonly Example[] = [
  {
    damage: "a replica that refuses connections",
    id: "instance_unreachable",
    severity: "warning",
    says: "r3:6379 gave no answer: refuses connections (REDIS_REFUSED)",
    group: () => group(({ r3 }) => ({ r3: dead(must(r3)) })),
  },
  {
    damage: "a replica that loads",
    id: "instance_loading",
    severity: "warning",
    says: "about 12 s left",
    group: () => group(({ r3 }) => ({ r3: withInfo(r3, { loading: "1", loading_eta_seconds: "12" }) })),
  },
  {
    damage: "a killed primary",
    id: "no_primary",
    severity: "critical",
    says: "r1:6379 was it and does not answer",
    group: () =>
      group(({ r1 }) => ({
        r1: dead(must(r1)),
        r2: replica("r2", "r1", { master_link_status: "down", master_link_down_since_seconds: "2" }),
        r3: replica("r3", "r1", { master_link_status: "down", master_link_down_since_seconds: "2" }),
      })),
  },
  {
    damage: "a replica that was promoted beside the primary",
    id: "two_primaries",
    severity: "critical",
    says: "r1:6379 (2 replicas, named by r1:26379, r2:26379 and r3:26379) and r3:6379 (0 replicas, named by no Sentinel)",
    group: () => group(() => ({ r3: primary("r3", [], {}, { initial_primary: false }) })),
  },
  {
    damage: "a Sentinel that names a replica",
    id: "sentinels_disagree",
    severity: "critical",
    says: "r1:26379 and r2:26379 name r1:6379; r3:26379 names r2:6379",
    group: () => group(() => ({ s3: seeing("r3", { names: "r2", replicas: ["r1"] }) })),
  },
  {
    damage: "Sentinels that all name a replica",
    id: "views_disagree",
    severity: "critical",
    says: "r1:6379 is the primary, but sentinel r1:26379 says r2:6379",
    group: () => group(() => each((host) => seeing(host, { names: "r2", replicas: ["r1"] }))),
  },
  {
    damage: "a Sentinel that watches another group",
    id: "sentinel_not_watching",
    severity: "warning",
    says: "r3:26379 does not watch mymaster",
    group: () => group(() => ({ s3: blind("r3") })),
  },
  {
    damage: "no Sentinel that watches the name",
    id: "not_watched_master_name",
    severity: "warning",
    says: "they watch other",
    group: () => group(() => each(blind)),
  },
  {
    damage: "a replica that only Sentinel remembers",
    id: "stale_replica_known",
    severity: "warning",
    says: "10.0.114.9:6379",
    group: () => group(() => each((host) => seeing(host, { replicas: ["r2", "r3", "r9"], gone: ["r9"] }))),
  },
  {
    damage: "a Sentinel that only Sentinels remember",
    id: "stale_sentinel_peer",
    severity: "warning",
    says: "10.0.114.9:26379",
    group: () => group(() => ({ s1: seeing("r1", { peers: ["r2", "r3", "r9"], gone: ["r9:26379"] }) })),
  },
  {
    damage: "an attached replica that redisha.yaml does not list",
    id: "unlisted_replica",
    severity: "warning",
    says: "A replica at 10.0.114.8:6379 follows r1:6379, but redisha.yaml does not list it",
    group: () => group(() => ({ r1: primary("r1", ["r2", "r3", "r8"]) })),
  },
  {
    damage: "a Sentinel that does not answer",
    id: "sentinel_unreachable",
    severity: "warning",
    says: "Sentinel r3:26379 gave no answer",
    group: () => group(({ s3 }) => ({ s3: dead(must(s3)) })),
  },
  {
    damage: "two Sentinels down",
    id: "majority_lost",
    severity: "warning",
    says: "1 of 3 Sentinels takes part, below the majority of 2",
    group: () => group(({ s2, s3 }) => ({ s2: dead(must(s2)), s3: dead(must(s3)) })),
  },
  {
    damage: "two Sentinels down",
    id: "quorum_lost",
    severity: "warning",
    says: "below the quorum of 2",
    group: () => group(({ s2, s3 }) => ({ s2: dead(must(s2)), s3: dead(must(s3)) })),
  },
  {
    damage: "no Sentinel that answers",
    id: "majority_lost",
    severity: "warning",
    says: "No Sentinel that watches the group answers",
    group: () => group(({ s1, s2, s3 }) => ({ s1: dead(must(s1)), s2: dead(must(s2)), s3: dead(must(s3)) })),
  },
  {
    damage: "an instance that does not tell its role",
    id: "role_unknown",
    severity: "warning",
    says: "r3:6379 answers, but does not say",
    group: () => group(() => ({ r3: data("r3") })),
  },
  {
    damage: "a Sentinel that says NOQUORUM",
    id: "ckquorum_failed",
    severity: "warning",
    says: "NOQUORUM 1 usable",
    group: () =>
      group(() => ({
        s1: seeing("r1", { answers: { ckquorum: { ok: false, message: "NOQUORUM 1 usable Sentinels" } } }),
      })),
  },
  {
    damage: "all replicas dead while CKQUORUM says OK",
    id: "ckquorum_misleading",
    severity: "warning",
    says: "NOGOODSLAVE",
    group: () => group(({ r2, r3 }) => ({ r2: dead(must(r2)), r3: dead(must(r3)) })),
  },
  {
    damage: "all replicas dead",
    id: "no_promotable_replica",
    severity: "critical",
    says: "r2:6379 does not answer; r3:6379 does not answer",
    group: () => group(({ r2, r3 }) => ({ r2: dead(must(r2)), r3: dead(must(r3)) })),
  },
  {
    damage: "priority 0 on every replica",
    id: "replica_priority_zero_all",
    severity: "warning",
    says: "Sentinel will promote none",
    group: () =>
      group(({ r2, r3 }) => ({
        r2: withConfig(r2, { "replica-priority": "0" }),
        r3: withConfig(r3, { "replica-priority": "0" }),
      })),
  },
  {
    damage: "a failover under way",
    id: "failover_in_progress",
    severity: "warning",
    says: "led by r2:26379",
    group: () => group(() => ({ s2: seeing("r2", { flags: "failover_in_progress" }) })),
  },
  {
    damage: "a primary that one Sentinel holds to be down",
    id: "primary_sdown",
    severity: "warning",
    says: "although it answers us",
    group: () => group(() => ({ s2: seeing("r2", { flags: "s_down" }) })),
  },
  {
    damage: "a primary that Sentinels agree is down",
    id: "primary_odown",
    severity: "critical",
    says: "o_down",
    group: () => group(() => ({ s2: seeing("r2", { flags: "s_down,o_down" }) })),
  },
  {
    damage: "a quorum of one",
    id: "quorum_not_majority",
    severity: "info",
    says: "a majority of 3 Sentinels is 2",
    group: () => group(() => each((host) => seeing(host, { quorum: 1 }))),
  },
  {
    damage: "a quorum that cannot be reached",
    id: "quorum_not_majority",
    severity: "warning",
    says: "can never be reached",
    group: () => group(() => each((host) => seeing(host, { quorum: 5 }))),
  },
  {
    damage: "a quorum other than the declared one",
    id: "quorum_differs",
    severity: "warning",
    says: "redisha.yaml says 2, r1:26379 says 3",
    group: () => group(() => ({ s1: seeing("r1", { quorum: 3 }) })),
  },
  {
    damage: "four Sentinels",
    id: "sentinels_even",
    severity: "info",
    says: "4 Sentinels",
    group: () =>
      group(() => ({ s4: sentinel("r4", { names: "r1", replicas: ["r2", "r3"], peers: ["r1", "r2", "r3"] }) })),
  },
  {
    damage: "two of three Sentinels on one host",
    id: "sentinels_same_host",
    severity: "warning",
    says: "without that host there is no majority",
    group: () => group(({ s3 }) => ({ s3: { ...must(s3), host: "r1" } })),
  },
  {
    damage: "two of three Sentinels in one zone",
    id: "sentinels_same_zone",
    severity: "info",
    says: "zone a",
    group: () =>
      group(({ s1, s2, s3 }) => ({
        s1: { ...must(s1), zone: "a" },
        s2: { ...must(s2), zone: "a" },
        s3: { ...must(s3), zone: "b" },
      })),
  },
  {
    damage: "a Sentinel in TILT",
    id: "sentinel_tilt",
    severity: "warning",
    says: "TILT",
    group: () => group(({ s3 }) => ({ s3: withInfo(s3, { sentinel_tilt: "1" }) })),
  },
  {
    damage: "a replica that no Sentinel knows",
    id: "replica_unknown_to_sentinel",
    severity: "warning",
    says: "do not know it",
    group: () => group(() => each((host) => seeing(host, { replicas: ["r2"] }))),
  },
  {
    damage: "a wrong masterauth",
    id: "link_down",
    severity: "warning",
    says: "probably a wrong or missing masterauth: r1:6379 refused 13 logins",
    group: () =>
      group(() => ({
        r1: primary("r1", ["r2"], { errorstat_WRONGPASS: "count=13" }),
        r3: replica("r3", "r1", { master_link_status: "down", master_link_down_since_seconds: "-1" }),
      })),
  },
  {
    damage: "a replica that never had a link, as 6.0 says it",
    id: "never_synced",
    severity: "warning",
    says: "has not synced once",
    group: () =>
      group(() => ({
        r1: primary("r1", ["r2"]),
        r3: replica("r3", "r1", { master_link_status: "down", master_link_down_since_seconds: "1795225096" }),
      })),
  },
  {
    damage: "a full sync",
    id: "sync_in_progress",
    severity: "warning",
    says: "5.0 MiB left",
    group: () => group(() => ({ r3: replica("r3", "r1", SYNCING) })),
  },
  {
    damage: "two full syncs at once",
    id: "sync_storm",
    severity: "warning",
    says: "2 replicas take a full sync from r1:6379 at once",
    group: () => group(() => ({ r2: replica("r2", "r1", SYNCING), r3: replica("r3", "r1", SYNCING) })),
  },
  {
    damage: "a replica far behind",
    id: "lag_bytes",
    severity: "warning",
    says: "19.1 MiB behind r1:6379. That is more than the backlog of 1.0 MiB",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, { master_repl_offset: "20001000" }) })),
  },
  {
    damage: "a replica that stopped to acknowledge",
    id: "lag_seconds",
    severity: "warning",
    says: "has not heard from r3:6379 for 42 s",
    group: () =>
      group(({ r1 }) => ({
        r1: withInfo(r1, { slave1: `ip=${addressOf("r3")},port=6379,state=online,offset=900,lag=42` }),
      })),
  },
  {
    damage: "a replica of a replica",
    id: "sub_replica",
    severity: "info",
    says: "r4:6379 follows r3:6379, itself a replica",
    group: () => group(() => ({ r4: replica("r4", "r3"), r3: replica("r3", "r1", { slave0: attachedLine("r4") }) })),
  },
  {
    damage: "a replica of a stranger",
    id: "replica_of_nobody",
    severity: "warning",
    says: "follows 10.0.120.7:6379, which is no instance of this deployment",
    group: () =>
      group(() => ({ r1: primary("r1", ["r2"]), r3: replica("r3", "x7", { master_replid: "b".repeat(40) }) })),
  },
  {
    damage: "a writable replica",
    id: "replica_writable",
    severity: "warning",
    says: "takes writes",
    group: () => group(({ r3 }) => ({ r3: withInfo(r3, { slave_read_only: "0" }) })),
  },
  {
    damage: "min-replicas-to-write that is not met",
    id: "min_replicas_blocks_writes",
    severity: "critical",
    says: "refuses every write with NOREPLICAS: it has 2 good replicas and min-replicas-to-write is 3",
    group: () => group(({ r1 }) => ({ r1: withConfig(r1, { "min-replicas-to-write": "3" }) })),
  },
  {
    damage: "a replica that took over while slots were on their way",
    id: "writes_barred",
    severity: "critical",
    says: "took over while slots of its shard were on their way",
    group: () => group(({ r1 }) => ({ r1: withConfig(r1, { "min-replicas-to-write": "1000001" }) })),
  },
  {
    damage: "a replica that would refuse writes for slots that are on their way",
    id: "writes_barred",
    severity: "info",
    says: "would refuse writes should it take over",
    group: () => group(({ r2 }) => ({ r2: withConfig(r2, { "min-replicas-to-write": "1000000" }) })),
  },
  {
    damage: "min-replicas-to-write that one loss would break",
    id: "min_replicas_would_block",
    severity: "info",
    says: "r1:6379 would refuse writes",
    group: () => group(({ r1 }) => ({ r1: withConfig(r1, { "min-replicas-to-write": "2" }) })),
  },
  {
    damage: "a failed AOF write",
    id: "aof_write_error",
    severity: "critical",
    says: "MISCONF",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, { aof_enabled: "1", aof_last_write_status: "err" }) })),
  },
  {
    damage: "a failed snapshot that stops writes",
    id: "bgsave_error",
    severity: "critical",
    says: "MISCONF: stop-writes-on-bgsave-error is yes",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, { rdb_last_bgsave_status: "err" }) })),
  },
  {
    damage: "a failed snapshot that stops nothing",
    id: "bgsave_error",
    severity: "warning",
    says: "The last snapshot of r1:6379 failed",
    group: () =>
      group(({ r1 }) => ({
        r1: withConfig(withInfo(r1, { rdb_last_bgsave_status: "err" }), { "stop-writes-on-bgsave-error": "no" }),
      })),
  },
  {
    damage: "a failed AOF rewrite",
    id: "aof_rewrite_error",
    severity: "warning",
    says: "keeps growing",
    group: () => group(({ r2 }) => ({ r2: withInfo(r2, { aof_enabled: "1", aof_last_bgrewrite_status: "err" }) })),
  },
  {
    damage: "a primary without persistence beside replicas that have it",
    id: "no_persistence",
    severity: "warning",
    says: "comes back empty",
    group: () => group(({ r1 }) => ({ r1: withConfig(r1, { save: "" }) })),
  },
  {
    damage: "no persistence anywhere",
    id: "no_persistence",
    severity: "info",
    says: "r1:6379, r2:6379 and r3:6379 keep nothing on disk",
    group: () =>
      group(({ r1, r2, r3 }) => ({
        r1: withConfig(r1, { save: "" }),
        r2: withConfig(r2, { save: "" }),
        r3: withConfig(r3, { save: "" }),
      })),
  },
  {
    damage: "memory near a limit that may not evict",
    id: "memory_near_limit",
    severity: "warning",
    says: "(95%) and may evict nothing",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, memory("noeviction", "1052000")) })),
  },
  {
    damage: "memory over a limit that may not evict",
    id: "memory_near_limit",
    severity: "critical",
    says: "it refuses writes with OOM",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, memory("noeviction", "1000000")) })),
  },
  {
    damage: "a full cache",
    id: "memory_near_limit",
    severity: "info",
    says: "makes room by allkeys-lru",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, memory("allkeys-lru", "1000000")) })),
  },
  {
    damage: "no limit and a full host",
    id: "memory_near_limit",
    severity: "warning",
    says: "the kernel may kill it",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, { total_system_memory: "1100000" }) })),
  },
  {
    damage: "nearly all client connections taken",
    id: "maxclients_near",
    severity: "warning",
    says: "9500 of 10000 client connections (95%)",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, { connected_clients: "9500" }) })),
  },
  {
    damage: "another minor version",
    id: "version_skew",
    severity: "warning",
    says: "redis 7.2.1 on r3:6379",
    group: () => group(({ r3 }) => ({ r3: withInfo(r3, { redis_version: "7.2.1" }) })),
  },
  {
    damage: "another patch version",
    id: "version_skew",
    severity: "info",
    says: "redis 7.0.11 on r3:6379",
    group: () => group(({ r3 }) => ({ r3: withInfo(r3, { redis_version: "7.0.11" }) })),
  },
  {
    damage: "an older replica under a newer primary",
    id: "replica_older_than_primary",
    severity: "warning",
    says: "cannot load a full sync: the next one empties it and fails and it drops what it does not know",
    group: () => group(({ r3 }) => ({ r3: withInfo(r3, { redis_version: "6.0.16" }) })),
  },
  {
    damage: "servers in cluster mode",
    id: "wrong_topology_kind",
    severity: "warning",
    says: "redisha.yaml says topology: sentinel, but r1:6379 runs in cluster mode",
    group: () => group(({ r1 }) => ({ r1: withInfo(r1, { redis_mode: "cluster" }) })),
  },
  {
    damage: "a refused CONFIG GET",
    id: "not_checked",
    severity: "info",
    says: "r1:6379 refused CONFIG GET",
    group: () =>
      group(({ r1 }) => {
        const { config: _config, ...rest } = must(r1);
        return {
          r1: { ...rest, refused: [{ command: "CONFIG GET", code: "REDIS_NOPERM", message: "no permissions" }] },
        };
      }),
  },
  {
    damage: "a failover that happened",
    id: "primary_moved",
    severity: "info",
    says: "r1:6379 is primary; redisha.yaml declares that it began on r2:6379",
    group: () =>
      group(({ r1, r2 }) => ({
        r1: { ...must(r1), initial_primary: false },
        r2: { ...must(r2), initial_primary: true },
      })),
  },
  {
    damage: "a primary that only we cannot reach",
    id: "primary_not_observed",
    severity: "warning",
    says: "r2:6379 and r3:6379 still hear from it as primary",
    group: () => group(({ r1 }) => ({ r1: dead(must(r1), "REDIS_TIMEOUT") })),
  },
];

describe("each damage of a group is found, with its severity and its numbers", () => {
  it.each(EXAMPLES)("$damage gives $id ($severity)", (example) => {
    const result = look(SENTINEL, example.group());
    const finding = found(result, example.id);
    expect(finding, ids(result).join(", ")).toBeDefined();
    expect(finding?.severity).toBe(example.severity);
    expect(finding?.message).toContain(example.says);
    const floor = { info: "healthy", warning: "degraded", critical: "critical" }[example.severity];
    expect(["healthy", "degraded", "critical"].indexOf(result.verdict.state)).toBeGreaterThanOrEqual(
      ["healthy", "degraded", "critical"].indexOf(floor),
    );
  });
});

describe("replication without Sentinel", () => {
  const pair = () => ({ r1: primary("r1", ["r2", "r3"]), r2: replica("r2", "r1"), r3: replica("r3", "r1") });

  it("tolerates no loss by itself, and says how many hold the data", () => {
    const { verdict } = look(REPLICATION, pair());
    expect(verdict.state).toBe("healthy");
    expect(verdict.tolerance).toMatchObject({ failures: 0, text: "no automatic failover; 2 replicas hold the data" });
  });

  it("is critical when no replica holds the current data", () => {
    const { r1, r2, r3 } = pair();
    const result = look(REPLICATION, { r1, r2: dead(r2), r3: dead(r3) });
    expect(found(result, "no_live_replica")?.severity).toBe("critical");
    expect(result.verdict.tolerance.text).toBe("no automatic failover; no replica holds the data");
  });

  it("is unreachable when nothing answers, and critical when only a replica does", () => {
    const { r1, r2, r3 } = pair();
    const nothing = look(REPLICATION, { r1: dead(r1, "REDIS_WRONGPASS"), r2: dead(r2), r3: dead(r3) });
    expect(nothing.verdict.state).toBe("unreachable");
    expect(nothing.verdict.summary).toContain("none of 3 instances answered (REDIS_WRONGPASS, REDIS_REFUSED)");
    expect(nothing.verdict.tolerance.text).toContain("not known: nothing answered");
    const stale = replica("r2", "r1", { master_link_status: "down", master_link_down_since_seconds: "9" });
    expect(look(REPLICATION, { r1: dead(r1), r2: stale }).verdict.state).toBe("critical");
  });

  it("names the primary that is gone by the words of those who followed it", () => {
    const { r1 } = pair();
    const r2 = replica("r2", "r1", { master_link_status: "down", master_link_down_since_seconds: "9" });
    expect(found(look(REPLICATION, { r1: dead(r1), r2 }), "no_primary")?.message).toContain("r1:6379 was it");
  });

  it("does not call a lone primary bare of replicas: none was declared", () => {
    expect(look(REPLICATION, { r1: primary("r1", []) }).verdict.state).toBe("healthy");
  });

  it("says of a write that is blocked now that nothing more can be lost", () => {
    const blocked = primary("r1", [], {}, { config: { "min-replicas-to-write": "1", "min-replicas-max-lag": "10" } });
    const result = look(REPLICATION, { r1: blocked, r2: dead(replica("r2", "r1")) });
    expect(result.verdict.tolerance.failures).toBe(-1);
    expect(nodeOf(result, "r1:6379").writable).toBe(false);
  });
});

describe("two primaries", () => {
  const LONG_AGO = { uptime_in_seconds: "9000" };
  const stale = (info: Record<string, string>, set?: string) => {
    const node = primary("r3", [], info, {
      initial_primary: false,
      shell: "ssh -t ops@r3",
      redis_cli: "ssh -t ops@r3 cli",
    });
    return set === undefined ? node : { ...node, config: { ...node.config, "min-replicas-to-write": set } };
  };
  const beside = (r3: Observation, damage: Group = {}) =>
    found(
      look(
        SENTINEL,
        group(() => ({ r1: primary("r1", ["r2"], LONG_AGO), r3, ...damage })),
      ),
      "two_primaries",
    );

  it("are waited for where the stale one has just returned and all Sentinels name the other", () => {
    const finding = beside(stale({ uptime_in_seconds: "4" }));
    expect(finding).toMatchObject({ severity: "critical", subject: "shop" });
    expect(finding?.message).toContain("r3:6379 came back only 4 s ago and all Sentinels name r1:6379");
    expect(finding?.message).toContain("within about 10 to 15 s");
    expect(finding?.next).toEqual([
      "wait 15 s and look again: redisha status",
      "only if it is still a primary then: ssh -t ops@r3 cli REPLICAOF 10.0.114.1 6379",
    ]);
  });

  it.each([
    ["it is up for half a minute", stale({ uptime_in_seconds: "30" }), {}],
    ["its uptime is not known", stale({}), {}],
    [
      "both were started together",
      stale({ uptime_in_seconds: "4" }),
      { r1: primary("r1", ["r2"], { uptime_in_seconds: "6" }) },
    ],
    ["a Sentinel names it", stale({ uptime_in_seconds: "4" }), { s3: seeing("r3", { names: "r3", replicas: ["r2"] }) }],
  ])("are not waited for where %s", (_why, r3, damage) => {
    expect(beside(r3, damage)?.next.join("\n")).not.toContain("wait 15 s");
  });

  it("end by REPLICAOF of the stale one, and a fence is told with the way to take it back", () => {
    expect(beside(stale({ ...LONG_AGO, min_slaves_good_slaves: "1" }, "1"))?.next).toEqual([
      "let it follow r1:6379, which drops what only it holds: ssh -t ops@r3 cli REPLICAOF 10.0.114.1 6379",
      "or, to save that first, stop writes there: ssh -t ops@r3 cli CONFIG SET min-replicas-to-write 1000",
      "and take that back as soon as it follows r1:6379: ssh -t ops@r3 cli CONFIG SET min-replicas-to-write 1",
      "and out of its configuration file: ssh -t ops@r3 cli CONFIG REWRITE",
    ]);
  });

  it("are not fenced twice", () => {
    expect(beside(stale({ ...LONG_AGO, min_slaves_good_slaves: "0" }, "1000"))?.next).toHaveLength(1);
  });

  it("leave the choice to the operator where nobody names one of them", () => {
    const pair = { r1: primary("r1", []), r2: primary("r2", []) };
    const finding = found(look(REPLICATION, pair), "two_primaries");
    expect(finding?.next.join("\n")).not.toContain("min-replicas-to-write");
    expect(finding?.next.join("\n")).toContain("redis-cli -h 10.0.114.2 -p 6379 REPLICAOF 10.0.114.1 6379");
  });
});

describe("what cannot be looked at for a reason of one's own", () => {
  const locked = (code: string) =>
    group((healthy) => {
      return Object.fromEntries(Object.entries(healthy).map(([name, each]) => [name, dead(each, code)]));
    });

  it.each([
    "SSH_KEY_UNREADABLE",
    "SSH_HOST_KEY_UNKNOWN",
    "SECRET_NOT_FOUND",
    "SSH_PASSPHRASE_NEEDED",
    "REDIS_WRONGPASS",
  ])("says nothing of Sentinels after %s", (code) => {
    const result = look(SENTINEL, locked(code));
    expect(result.verdict.state).toBe("unreachable");
    expect(ids(result)).not.toContain("majority_lost");
    expect(ids(result)[0]).toBe("instance_unreachable");
  });

  it("still finds that no Sentinel answers where they refuse connections", () => {
    expect(ids(look(SENTINEL, locked("REDIS_REFUSED")))).toContain("majority_lost");
  });

  it("asks to be let in before Sentinels are started, where it is kept out of some", () => {
    const result = look(
      SENTINEL,
      group(({ s2, s3 }) => ({
        s2: dead(must(s2), "SSH_HOST_KEY_UNKNOWN"),
        s3: dead(must(s3), "SSH_HOST_KEY_UNKNOWN"),
      })),
    );
    expect(found(result, "majority_lost")?.next[0]).toContain("let redisha in to r2:26379 and r3:26379");
  });
});

describe("advice that is typed", () => {
  it("goes the way to the host that the observation tells, and names the host where none is known", () => {
    const broken = { info: { ...must(sentinelGroup().r1).info, aof_enabled: "1", aof_last_write_status: "err" } };
    const at = (shell: Partial<Observation>) =>
      found(
        look(
          SENTINEL,
          group(({ r1 }) => ({ r1: { ...must(r1), ...broken, ...shell } })),
        ),
        "aof_write_error",
      )?.next[0];
    expect(at({ shell: "ssh -t -p 2222 ops@10.0.1.10" })).toBe("ssh -t -p 2222 ops@10.0.1.10 df -h");
    expect(at({ shell: "" })).toBe("df -h");
    expect(at({})).toBe("on r1: df -h");
  });

  it("points a stray replica at the primary, by the address that it announces", () => {
    const announced = { config: { "replica-announce-ip": "192.0.2.1", "replica-announce-port": "7001" } };
    const stray = replica("r3", "x7", { master_replid: "b".repeat(40) });
    const result = look(
      SENTINEL,
      group(() => ({ r1: primary("r1", ["r2"], {}, announced), r3: stray })),
    );
    expect(found(result, "replica_of_nobody")?.next).toEqual([
      "redis-cli -h 10.0.114.3 -p 6379 REPLICAOF 192.0.2.1 7001",
    ]);
  });

  it("says that a stranger follows its primary and is known to Sentinels, not that it is attached to them", () => {
    const s1 = seeing("r1", { replicas: ["r2", "r3", "r8"] });
    const result = look(
      SENTINEL,
      group(() => ({ r1: primary("r1", ["r2", "r3", "r8"]), s1 })),
    );
    expect(found(result, "unlisted_replica")?.message).toBe(
      "A replica at 10.0.114.8:6379 follows r1:6379, but redisha.yaml does not list it; r1:26379 knows it as well",
    );
  });
});

const SYNCING = {
  master_link_status: "down",
  master_sync_in_progress: "1",
  master_sync_left_bytes: String(5 * 1024 ** 2),
  master_link_down_since_seconds: "3",
};

function attachedLine(host: string): string {
  return `ip=${addressOf(host)},port=6379,state=online,offset=1000,lag=0`;
}

function memory(policy: string, max: string) {
  return { maxmemory: max, maxmemory_policy: policy, used_memory: "1000000" };
}

function blind(host: string): Observation {
  const { sentinel: _answers, ...rest } = data(host, { port: 26379 });
  return { ...rest, kind: "sentinel", sentinel: { watches: ["other"], replicas: [], sentinels: [] } };
}
