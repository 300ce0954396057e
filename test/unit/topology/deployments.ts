import { buildTopology } from "../../../src/topology/build-topology.ts";
import { judge } from "../../../src/topology/judge.ts";
import type { Declared, Observation, SentinelAnswers } from "../../../src/topology/observation.ts";
import type { Finding, Topology, Verdict } from "../../../src/topology/schema.ts";

/** Small made-up deployments: a healthy one, which a test then damages in one place. */

const REPLID = "a".repeat(40);

type Info = Readonly<Record<string, string>>;

export function data(host: string, over: Partial<Observation> = {}): Observation {
  const port = over.port ?? 6379;
  return {
    instance: `${host}:${port}`,
    kind: "data",
    host,
    address: addressOf(host),
    port,
    listed: true,
    initial_primary: false,
    at: "2026-01-01T00:00:00.000Z",
    duration_ms: 5,
    via: "direct",
    reach: { ok: true },
    refused: [],
    config: {
      save: "3600 1",
      appendonly: "no",
      "min-replicas-to-write": "0",
      "min-replicas-max-lag": "10",
      "replica-priority": "100",
      "stop-writes-on-bgsave-error": "yes",
    },
    ...over,
  };
}

const SERVER: Info = {
  redis_version: "7.0.15",
  redis_mode: "standalone",
  loading: "0",
  rdb_last_bgsave_status: "ok",
  aof_enabled: "0",
  used_memory: "1000000",
  maxmemory: "0",
  total_system_memory: "8000000000",
  maxclients: "10000",
  connected_clients: "3",
};

/** A primary with these hosts attached, all in step. */
export function primary(host: string, replicas: readonly string[], info: Info = {}, over: Partial<Observation> = {}) {
  const lines = replicas.map((name, i) => [
    `slave${i}`,
    `ip=${addressOf(name)},port=6379,state=online,offset=1000,lag=0`,
  ]);
  return data(host, {
    initial_primary: true,
    info: {
      ...SERVER,
      run_id: `run-${host}`,
      role: "master",
      connected_slaves: String(replicas.length),
      master_replid: REPLID,
      master_repl_offset: "1000",
      repl_backlog_size: "1048576",
      ...Object.fromEntries(lines),
      ...info,
    },
    role: ["master", 1000, []],
    ...over,
  });
}

export function replica(host: string, of: string, info: Info = {}, over: Partial<Observation> = {}): Observation {
  return data(host, {
    info: {
      ...SERVER,
      run_id: `run-${host}`,
      role: "slave",
      master_host: addressOf(of),
      master_port: "6379",
      master_link_status: "up",
      master_last_io_seconds_ago: "0",
      master_sync_in_progress: "0",
      slave_repl_offset: "1000",
      slave_priority: "100",
      slave_read_only: "1",
      connected_slaves: "0",
      master_replid: REPLID,
      master_repl_offset: "1000",
      ...info,
    },
    role: ["slave", addressOf(of), 6379, info.master_link_status === "down" ? "connect" : "connected", 1000],
    ...over,
  });
}

/** One that did not answer. */
export function dead(observation: Observation, code = "REDIS_REFUSED"): Observation {
  const { info: _info, role: _role, config: _config, sentinel: _sentinel, cluster: _cluster, ...place } = observation;
  return { ...place, reach: { ok: false, code, message: "refuses connections", next: ["look at its log"] } };
}

interface Sight {
  readonly names: string;
  readonly replicas: readonly string[];
  readonly peers: readonly string[];
  readonly flags?: string;
  readonly gone?: readonly string[];
  readonly quorum?: number;
  readonly answers?: Partial<SentinelAnswers>;
}

export function sentinel(host: string, sight: Sight, over: Partial<Observation> = {}): Observation {
  const flag = (name: string, kind: string) => (sight.gone?.includes(name) ? `s_down,${kind},disconnected` : kind);
  return {
    ...data(host, { port: 26379 }),
    kind: "sentinel",
    info: { redis_version: "7.0.15", redis_mode: "sentinel", sentinel_tilt: "0" },
    sentinel: {
      myid: `id-${host}`,
      watches: ["mymaster"],
      master: {
        name: "mymaster",
        ip: addressOf(sight.names),
        port: "6379",
        flags: ["master", sight.flags ?? ""].filter(Boolean).join(","),
        quorum: String(sight.quorum ?? 2),
        "config-epoch": "0",
        "num-other-sentinels": String(sight.peers.length),
        "down-after-milliseconds": "5000",
        "failover-timeout": "60000",
      },
      master_address: { address: addressOf(sight.names), port: 6379 },
      replicas: sight.replicas.map((name) => ({
        ip: addressOf(name),
        port: "6379",
        runid: `run-${name}`,
        flags: flag(name, "slave"),
        "master-link-status": "ok",
        "slave-priority": "100",
      })),
      sentinels: sight.peers.map((name) => ({
        ip: addressOf(name),
        port: "26379",
        runid: `id-${name}`,
        flags: flag(`${name}:26379`, "sentinel"),
      })),
      ckquorum: { ok: true, message: "OK 3 usable Sentinels. Quorum and failover authorization can be reached" },
      ...sight.answers,
    },
    ...over,
  };
}

export const SENTINEL: Declared = { deployment: "shop", kind: "sentinel", master_name: "mymaster", quorum: 2 };
export const REPLICATION: Declared = { deployment: "shop", kind: "replication" };
export const CLUSTER: Declared = { deployment: "shop", kind: "cluster" };

const HOSTS = ["r1", "r2", "r3"];

/** r1 primary, r2 and r3 replicas, a Sentinel on each. */
export function sentinelGroup(): Record<string, Observation> {
  const watch = (host: string) =>
    sentinel(host, { names: "r1", replicas: ["r2", "r3"], peers: HOSTS.filter((name) => name !== host) });
  return {
    r1: primary("r1", ["r2", "r3"]),
    r2: replica("r2", "r1"),
    r3: replica("r3", "r1"),
    s1: watch("r1"),
    s2: watch("r2"),
    s3: watch("r3"),
  };
}

/** A cluster of three shards with one replica each, on six hosts. `edit` may change the lines that a node prints. */
export function clusterGroup(edit: (lines: string[], viewer: string) => string[] = (lines) => lines) {
  const ranges = ["0-5460", "5461-10922", "10923-16383"];
  const hosts = ["c1", "c2", "c3", "c4", "c5", "c6"];
  const line = (host: string, viewer: string) => {
    const i = hosts.indexOf(host);
    const self = host === viewer ? "myself," : "";
    const place = `${idOf(host)} ${addressOf(host)}:6379@16379`;
    return i < 3
      ? `${place} ${self}master - 0 0 ${i + 1} connected ${ranges[i]}`
      : `${place} ${self}slave ${idOf(hosts[i - 3] ?? "")} 0 0 ${i - 2} connected`;
  };
  return Object.fromEntries(
    hosts.map((host, i) => {
      const base =
        i < 3
          ? primary(host, [hosts[i + 3] ?? ""], { redis_mode: "cluster" }, { initial_primary: false })
          : replica(host, hosts[i - 3] ?? "", { redis_mode: "cluster" });
      const lines = edit(
        hosts.map((name) => line(name, host)),
        host,
      );
      const info = {
        cluster_state: "ok",
        cluster_known_nodes: "6",
        cluster_current_epoch: "6",
        cluster_size: "3",
      };
      return [host, { ...base, cluster: { info, nodes: `${lines.join("\n")}\n` } }];
    }),
  );
}

export function look(declared: Declared, observations: Readonly<Record<string, Observation>>): Look {
  const topology = buildTopology(declared, Object.values(observations));
  return { topology, verdict: judge(topology) };
}

export interface Look {
  readonly topology: Topology;
  readonly verdict: Verdict;
}

export function found({ verdict }: Look, id: string): Finding | undefined {
  return verdict.findings.find((finding) => finding.id === id);
}

export function ids({ verdict }: Look, severity?: Finding["severity"]): string[] {
  return verdict.findings.filter((finding) => !severity || finding.severity === severity).map(({ id }) => id);
}

export function nodeOf({ topology }: Look, id: string) {
  const node = topology.nodes.find((candidate) => candidate.id === id);
  if (!node) throw new Error(`no node ${id} among ${topology.nodes.map((other) => other.id).join(", ")}`);
  return node;
}

export function addressOf(host: string): string {
  return `10.0.${host.charCodeAt(0)}.${Number(host.slice(1)) || 0}`;
}

export function idOf(host: string): string {
  return host.repeat(20).slice(0, 40);
}
