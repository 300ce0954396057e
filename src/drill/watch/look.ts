import type { RedisConnection } from "../../connect/types.ts";
import { parseClusterNodes } from "../../topology/parse/cluster-nodes.ts";
import { field, type InfoMap, intField, parseInfo, toInt } from "../../topology/parse/info.ts";
import type { Addresses } from "../addresses.ts";
import type { ClusterSample, RoleSample } from "../recording.ts";

/** What one look at an instance shows. */
export interface Look {
  readonly role: Omit<RoleSample, "at" | "instance">;
  readonly cluster: readonly Omit<ClusterSample, "at" | "instance">[];
}

/** Nothing came back. */
export const SILENCE: Look = {
  role: {
    answers: false,
    role: null,
    link_up: null,
    follows: null,
    sync_full: null,
    sync_partial_ok: null,
    writable: false,
  },
  cluster: [],
};

/** Asks an instance for its role, its link, its sync counters and, in a cluster, what it thinks of the others. */
export async function look(connection: RedisConnection, addresses: Addresses, inCluster: boolean): Promise<Look> {
  const [replication, stats, config, ping, nodes, state] = await connection.pipeline([
    ["INFO", "replication"],
    ["INFO", "stats"],
    ["CONFIG", "GET", "min-replicas-to-write"],
    // Refused while the data set is loading, or a script does not end.
    ["PING"],
    ...(inCluster
      ? [
          ["CLUSTER", "NODES"],
          ["CLUSTER", "INFO"],
        ]
      : []),
  ]);
  if (typeof replication !== "string") throw replication;
  const info = parseInfo(replication);
  const counters = typeof stats === "string" ? parseInfo(stats) : {};
  const primary = ["master", "primary"].includes(field(info, "role") ?? "");
  const cluster = [
    ...(typeof state === "string" ? [stateOf(parseInfo(state))] : []),
    ...(typeof nodes === "string" ? opinions(nodes, addresses) : []),
  ];
  const serves = !(ping instanceof Error) && cluster.every(({ about, state }) => about !== null || state === "ok");
  return {
    role: {
      answers: true,
      role: primary ? "primary" : "replica",
      link_up: primary ? null : field(info, "master_link_status") === "up",
      follows: primary ? null : followed(info, connection.instance, addresses),
      sync_full: intField(counters, "sync_full"),
      sync_partial_ok: intField(counters, "sync_partial_ok"),
      writable: primary && serves && takesWrites(info, config),
    },
    cluster,
  };
}

/** The primary it follows, by id, or by address where redisha.yaml lists none there. */
function followed(info: InfoMap, speaker: string, addresses: Addresses): string | null {
  const host = field(info, "master_host");
  const port = intField(info, "master_port");
  if (host === null || port === null) return null;
  return addresses.find(host, port, speaker) ?? `${host}:${port}`;
}

/** Enough good replicas for min-replicas-to-write, and no FAILOVER under way, which pauses writes. */
function takesWrites(info: InfoMap, config: unknown): boolean {
  const failover = field(info, "master_failover_state");
  if (failover !== null && failover !== "no-failover") return false;
  const wanted = Array.isArray(config) ? (toInt(config[1]) ?? 0) : 0;
  // It stands there only while the rule is in force, which a max lag of 0 switches off.
  const good = intField(info, "min_slaves_good_slaves");
  return good === null || good >= wanted;
}

function stateOf(info: InfoMap): Look["cluster"][number] {
  return { about: null, state: info.cluster_state === "ok" ? "ok" : "fail" };
}

function opinions(nodes: string, addresses: Addresses): Look["cluster"] {
  return parseClusterNodes(nodes).flatMap(({ id, address, port, flags }) => {
    const about = addresses.findNode(id) ?? addresses.find(address, port);
    if (about === null || flags.includes("myself")) return [];
    const state = flags.includes("fail") ? "fail" : flags.includes("fail?") ? "pfail" : "ok";
    return [{ about, state } as const];
  });
}
