import type { Deployment, Instance } from "../../../src/inventory/model.ts";
import type { Facts, HostFacts, ProcessFacts, ServerFacts, WayFacts } from "../../../src/preflight/facts.ts";
import { madeUpTopology } from "../../../src/rehearsal/made-up.ts";

const GIB = 1024 ** 3;
export const NOW_MS = Date.parse("2026-11-21T12:00:00Z");

const USER = { nopass: false, passwords: ["print"], keys: ["*"], on: true };

const INSTANCES: Instance[] = ["r1", "r2", "r3"].flatMap((name, at) => {
  const address = `192.0.2.${at + 1}`;
  const host = { name, address, zone: `z${at + 1}`, ssh: "none" as const };
  const place = { host, address, initialPrimary: at === 0 };
  return [
    { ...place, id: `${name}:6379`, kind: "data" as const, port: 6379 },
    { ...place, id: `${name}:26379`, kind: "sentinel" as const, port: 26379, initialPrimary: false },
  ];
});

const DEPLOYMENT: Deployment = {
  name: "shop",
  file: "/redisha.yaml",
  kind: "sentinel",
  masterName: "mymaster",
  engine: { name: "redis", version: "7.0.15" },
  hosts: INSTANCES.filter(({ kind }) => kind === "data").map(({ host }) => host),
  instances: INSTANCES,
  config: {},
  auth: { data: { username: "redisha" }, sentinel: {} },
  redisVia: "direct",
  timeouts: { connectMs: 1_000, commandMs: 1_000 },
  firewall: { manager: "ufw", trusted: [], clients: [] },
};

const CONFIG = {
  port: "0",
  "tls-port": "6379",
  "tls-replication": "yes",
  "tls-protocols": "",
  "min-replicas-to-write": "1",
  "min-replicas-max-lag": "10",
  "repl-backlog-size": String(GIB),
  maxmemory: String(6 * GIB),
  "maxmemory-policy": "noeviction",
  maxclients: "10000",
  appendonly: "yes",
  appendfsync: "everysec",
  save: "",
  "tcp-backlog": "511",
  "client-output-buffer-limit": "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
};

function server({ id, kind }: Instance): ServerFacts {
  const primary = id === "r1:6379";
  return {
    kind,
    reached: true,
    why: null,
    info: {
      redis_version: "7.0.15",
      role: primary ? "master" : "slave",
      connected_slaves: primary ? "2" : "0",
      uptime_in_seconds: "1000",
      master_repl_offset: "1000000",
      used_memory: String(2 * GIB),
      mem_fragmentation_ratio: "1.05",
      latest_fork_usec: "1200",
      loading: "0",
      aof_last_write_status: "ok",
    },
    config: kind === "data" ? CONFIG : {},
    replication_login: kind === "data" ? { user: "replication", password: "print" } : null,
    users: [
      { ...USER, name: "default", on: false, commands: ["-@all"], keys: [] },
      { ...USER, name: "redisha", commands: ["+@all"] },
      { ...USER, name: "replication", commands: ["-@all", "+psync", "+replconf", "+ping"], keys: [] },
      { ...USER, name: "shop", commands: ["-@all", "+@read", "+@write", "-@dangerous"], keys: ["shop:*"] },
    ],
    missing_commands: [],
    clients: [{ address: "192.0.2.77", name: "", user: "shop", flags: "N", command: "get", library: "ioredis 5.4" }],
    slow: [],
    largest: primary ? null : [{ key: "shop:cart:1", type: "hash", bytes: 4_096 }],
    sampled: primary ? 0 : 1_000,
    refused: {},
  };
}

const PROCESS: ProcessFacts = {
  read: true,
  why: null,
  nofile: 65_535,
  swapped: 0,
  disk: { path: "/var/lib/redis", size: 100 * GIB, free: 50 * GIB, data: GIB },
  drift: [],
  certificates: [{ path: "/etc/redis/tls/server.crt", subject: "CN=r1", not_after: "2027-11-21T00:00:00.000Z" }],
};

const HOST: HostFacts = {
  read: true,
  why: null,
  memory: 16 * GIB,
  swap: { total: GIB, used: 0 },
  overcommit_memory: 1,
  swappiness: 1,
  somaxconn: 4_096,
  huge_pages: "never",
  clock: { synchronized: true, ahead_ms: 12, give_or_take_ms: 0 },
};

const WAYS: WayFacts = {
  firewall: {
    reached: ["r2 -> 192.0.2.1:6379"],
    missing: [],
    closed: ["this machine -> r1"],
    exposed: [],
    unshown: [],
  },
  announced: [],
};

/** A deployment of which every check says that all is well. */
export function goodFacts(): Facts {
  const by = <T>(names: readonly string[], value: (name: string) => T) =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const hosts = DEPLOYMENT.hosts.map(({ name }) => name);
  const topology = madeUpTopology({
    kind: "sentinel",
    primary: "r1:6379",
    replicas: ["r2:6379", "r3:6379"],
    sentinels: ["r1:26379", "r2:26379", "r3:26379"],
    version: "7.0.15",
  });
  return {
    deployment: DEPLOYMENT,
    topology,
    nowMs: NOW_MS,
    servers: Object.fromEntries(INSTANCES.map((instance) => [instance.id, server(instance)])),
    processes: by(
      INSTANCES.map(({ id }) => id),
      () => PROCESS,
    ),
    hosts: by(hosts, () => HOST),
    ways: by(hosts, () => WAYS),
    backups: {
      declared: true,
      why: null,
      newest: { id: "b2", age_s: 3_600 },
      verified: { id: "b1", age_s: 90_000 },
      findings: [],
    },
    drills: { last_good: { run: "d1", mode: "crash", age_s: 86_400 } },
    monitoring: {
      declared: true,
      why: null,
      targets: ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => ({
        labels: { instance: `${address}:9121` },
        up: true,
        address: `http://${address}:9121/metrics`,
        error: "",
      })),
      alerts: ["redis_up == 0", "redis_master_link_up == 0", "redis_memory_used_bytes > 1e9"].map((query, at) => ({
        name: `alert${at}`,
        query,
        health: "ok",
      })),
    },
  };
}

/** What a node of a Cluster says of that, where all is well. */
export const IN_CLUSTER = {
  ...{ node_id: "b".repeat(40), shard: "0-16383", state: "ok", epoch: 1, slots: [], slots_count: 0 },
  ...{ migrating: [], importing: [], known_nodes: 2, failing: [], failed: [], links_down: [], signature: null },
  ...{ node_timeout_ms: 15_000, full_coverage_required: null, never_promotes: null },
};
