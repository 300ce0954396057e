import type { Facts } from "../../../src/preflight/facts.ts";
import { type Case, user } from "./case.ts";
import {
  type Change,
  config,
  deployment,
  host,
  info,
  node,
  process,
  SILENT,
  sentinel,
  server,
  withStandby,
} from "./change.ts";
import { IN_CLUSTER } from "./facts.ts";

const GIB = 1024 ** 3;
const DAY_S = 86_400;
const backups =
  (differences: Partial<NonNullable<Facts["backups"]>>): Change =>
  (facts) =>
    facts.backups ? { ...facts, backups: { ...facts.backups, ...differences } } : facts;
const firewall =
  (differences: Partial<Facts["ways"][string]["firewall"]>): Change =>
  (facts) => {
    const r1 = facts.ways.r1;
    return r1
      ? { ...facts, ways: { ...facts.ways, r1: { ...r1, firewall: { ...r1.firewall, ...differences } } } }
      : facts;
  };
const announced =
  (answer: "open" | "silent" | "unknown"): Change =>
  (facts) => {
    const r1 = facts.ways.r1;
    const way = { instance: "r1:6379", address: "203.0.113.1:6379", from: "r2", answer, why: "no SSH" };
    return r1 ? { ...facts, ways: { ...facts.ways, r1: { ...r1, announced: [way] } } } : facts;
  };
const sentinels =
  (count: number, zone?: string): Change =>
  (facts) =>
    deployment({
      instances: facts.deployment.instances
        .filter(({ kind }, at) => kind === "data" || at < count * 2)
        .map((each) => (zone === undefined ? each : { ...each, host: { ...each.host, zone } })),
    })(facts);
const unread: Change = process("r1:6379", { read: false, why: "no SSH" });

/** One shard of a Cluster, in which these do not stand for election. */
const keptFromElection =
  (...kept: readonly string[]): Change =>
  (facts) => ({
    ...facts,
    topology: {
      ...facts.topology,
      kind: "cluster",
      shards: [{ id: "0-16383", primary_id: "r1:6379", replica_ids: ["r2:6379", "r3:6379"], slots: [[0, 16_383]] }],
      nodes: facts.topology.nodes.map((each) => ({
        ...each,
        cluster: { ...IN_CLUSTER, never_promotes: kept.includes(each.id) },
      })),
    },
  });

export const FAILOVER_CASES: readonly Case[] = [
  ["instances-answer", "fail", "r2:6379", /no answer: .*refused/, SILENT],
  [
    "deployment-healthy",
    "fail",
    "shop",
    /r2:6379|tolerates/,
    node("r2:6379", { up: false, role: "unknown" }),
    { tolerates: 2 },
  ],
  ["deployment-healthy", "warn", "shop", /behind/i, node("r3:6379", { lag: 1e9 })],
  ["backup-recent", "fail", "shop", /names no repository/, backups({ declared: false })],
  ["backup-recent", "unknown", "shop", /no such bucket/, backups({ why: "no such bucket" })],
  ["backup-recent", "fail", "shop", /ever verified/, backups({ verified: null })],
  ["backup-recent", "fail", "shop", /verified one 8d/, backups({ verified: { id: "b", age_s: 8 * DAY_S } })],
  [
    "backup-recent",
    "fail",
    "shop",
    /too old/,
    backups({ findings: [{ code: "too-old", severity: "error", message: "too old" }] }),
  ],
  [
    "backup-recent",
    "warn",
    "shop",
    /smaller/,
    backups({ findings: [{ code: "shrinking", severity: "warning", message: "smaller" }] }),
  ],
  [
    "auth-required",
    "fail",
    "r1:6379",
    /no password for default/,
    server("r1:6379", { users: [user("default", { nopass: true })] }),
  ],
  [
    "auth-required",
    "unknown",
    "r1:26379",
    /ACL LIST was refused: NOPERM/,
    server("r1:26379", { users: null, refused: { "ACL LIST": "NOPERM" } }),
  ],
  ["firewall-outside", "fail", "r1", /open: everybody/, firewall({ exposed: ["everybody -> r1"] })],
  ["firewall-outside", "fail", "r1", /closed: r2/, firewall({ missing: ["r2 -> r1"] })],
  ["firewall-outside", "warn", "r1", /not tried from outside/, firewall({ closed: [] })],
  [
    "firewall-outside",
    "unknown",
    "r1",
    /nothing was tried from r2/,
    firewall({ closed: [], reached: [], unshown: ["nothing was tried from r2"] }),
  ],
  [
    "firewall-outside",
    "unknown",
    "r2",
    /no section firewall/,
    (facts) => ({ ...facts, deployment: without(facts.deployment, "firewall") }),
  ],
  [
    "replication-login",
    "fail",
    "r2:6379",
    /not let in by r1:6379, r3:6379/,
    server("r2:6379", { replication_login: { user: "replication", password: "other" } }),
  ],
  [
    "replication-login",
    "fail",
    "r2:6379",
    /it has no masterauth/,
    server("r2:6379", { replication_login: { user: "replication", password: null } }),
  ],
  ["min-replicas", "fail", "r1:6379", /min-replicas-to-write 0/, config("r1:6379", { "min-replicas-to-write": "0" })],
  ["min-replicas", "fail", "r1:6379", /max-lag 60/, config("r1:6379", { "min-replicas-max-lag": "60" })],
  ["min-replicas", "skip", "r1:6379", /with 3 nodes/, (facts) => facts, { least: 2 }],
  ["persistence", "fail", "r1:6379", /appendonly no/, config("r1:6379", { appendonly: "no" })],
  [
    "persistence",
    "pass",
    "r1:6379",
    /save "3600 1"/,
    config("r1:6379", { appendonly: "no", save: "3600 1" }),
    { kind: "any" },
  ],
  [
    "persistence",
    "fail",
    "r1:6379",
    /aof_last_write_status: failed/,
    info("r1:6379", { aof_last_write_status: "err" }),
  ],
  ["persistence", "warn", "r1:6379", /appendfsync no/, config("r1:6379", { appendfsync: "no" })],
  [
    "disk-room",
    "fail",
    "r1:6379",
    /3.0 GiB free/,
    process("r1:6379", { disk: { path: "/d", size: 9 * GIB, free: 3 * GIB, data: 0 } }),
  ],
  ["disk-room", "unknown", "r1:6379", /could not be asked: no SSH/, unread],
  ["maxmemory", "fail", "r1:6379", /no limit/, config("r1:6379", { maxmemory: "0" })],
  ["maxmemory", "fail", "r1:6379", /75 % of 8.0 GiB/, host("r1", { memory: 8 * GIB })],
  ["maxmemory", "unknown", "r1:6379", /not known/, host("r1", { read: false, memory: null })],
  ["eviction-policy", "fail", "r1:6379", /allkeys-lru/, config("r1:6379", { "maxmemory-policy": "allkeys-lru" })],
  ["sentinel-count", "fail", "shop", /2 declared/, sentinels(2)],
  ["sentinel-count", "skip", "shop", /topology: cluster/, deployment({ kind: "cluster" })],
  ["sentinel-quorum", "fail", "r1:26379", /quorum 1/, sentinel("r1:26379", { quorum: 1 })],
  [
    "sentinel-quorum",
    "fail",
    "r1:26379",
    /NOQUORUM/,
    sentinel("r1:26379", { ckquorum_ok: false, ckquorum_message: "NOQUORUM" }),
  ],
  ["sentinel-down-after", "fail", "r1:26379", /1s/, sentinel("r1:26379", { down_after_ms: 1_000 })],
  ["sentinel-down-after", "fail", "r1:26379", /3m/, sentinel("r1:26379", { down_after_ms: 180_000 })],
  [
    "sentinel-down-after",
    "unknown",
    "r1:26379",
    /does not watch mymaster/,
    sentinel("r1:26379", { down_after_ms: null }),
  ],
  ["sentinel-quorum", "unknown", "r1:26379", /did not answer in time/, sentinel("r1:26379", { up: false })],
  ["sentinel-count", "unknown", "shop", /2 watching, 1 did not answer/, sentinel("r1:26379", { up: false })],
  ["sentinel-quorum", "unknown", "r1:26379", /does not watch mymaster/, sentinel("r1:26379", { quorum: null })],
  ["sentinel-zones", "fail", "shop", /3 of 3 are in zone a/, sentinels(3, "a")],
  ["sentinel-zones", "fail", "shop", /1 of 1 are on r1/, sentinels(1)],
  [
    "sentinel-zones",
    "warn",
    "shop",
    /no zone for r1, r2, r3/,
    (facts) =>
      deployment({
        instances: facts.deployment.instances.map((each) => ({ ...each, host: without(each.host, "zone") })),
      })(facts),
  ],
  [
    "sentinel-peers",
    "fail",
    "r1:26379",
    /replica 192.0.2.9:6379/,
    sentinel("r1:26379", {
      known_replicas: [{ address: "192.0.2.9:6379", node_id: null, flags: [], link_up: false, priority: 100 }],
    }),
  ],
  ["sentinel-names", "fail", "shop", /names among addresses: redis-2/, node("r2:6379", { announced: "redis-2:6379" })],
  [
    "replica-priorities",
    "fail",
    "shop",
    /r2:6379 0, r3:6379 0/,
    (facts) => node("r2:6379", { priority: 0 })(node("r3:6379", { priority: 0 })(facts)),
  ],
  ["replica-priorities", "warn", "shop", /never promoted: r3:6379/, node("r3:6379", { priority: 0 })],
  ["replica-priorities", "pass", "shop", /r3:6379 0/, withStandby()],
  ["replica-priorities", "pass", "shop", /of each of 1 shards/, keptFromElection()],
  ["replica-priorities", "warn", "shop", /never promoted: r3:6379/, keptFromElection("r3:6379")],
  ["replica-priorities", "fail", "shop", /r2:6379, r3:6379 of slots 0-16383/, keptFromElection("r2:6379", "r3:6379")],
  ["announced-addresses", "pass", "r1:6379", /203.0.113.1:6379 from 1/, announced("open")],
  ["announced-addresses", "fail", "r1:6379", /from r2: silent/, announced("silent")],
  ["announced-addresses", "unknown", "r1:6379", /no SSH/, announced("unknown")],
  ["drill-recent", "fail", "shop", /none in the history/, (facts) => ({ ...facts, drills: { last_good: null } })],
  [
    "drill-recent",
    "fail",
    "shop",
    /40d/,
    (facts) => ({ ...facts, drills: { last_good: { run: "d", mode: "crash", age_s: 40 * DAY_S } } }),
  ],
  [
    "clients-sentinel-aware",
    "fail",
    "shop",
    /192.0.2.77 \(ioredis 5.4\)/,
    (facts) =>
      facts.deployment.instances.reduce(
        (all, { id, kind }) => (kind === "sentinel" ? server(id, { clients: [] })(all) : all),
        facts,
      ),
  ],
  [
    "clients-sentinel-aware",
    "skip",
    "shop",
    /no application/,
    (facts) =>
      facts.deployment.instances.reduce(
        (all, { id, kind }) => (kind === "data" ? server(id, { clients: WATCHERS })(all) : all),
        facts,
      ),
  ],
];

/** An exporter that logs in with the one password, and a probe of the port that asks nothing. */
const WATCHERS = [
  { address: "192.0.2.78", name: "redis_exporter", user: "default", flags: "N", command: "info", library: "" },
  { address: "192.0.2.78", name: "", user: "default", flags: "N", command: "NULL", library: "" },
];

function without<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = object;
  return rest;
}
