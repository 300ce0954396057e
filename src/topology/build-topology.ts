import { linkCluster } from "./model/cluster.ts";
import { dataNode } from "./model/data-node.ts";
import { Directory } from "./model/directory.ts";
import { dataEntry, sentinelEntry } from "./model/entries.ts";
import { linkReplicas, measureLag } from "./model/link-replicas.ts";
import { linkSentinels } from "./model/link-sentinels.ts";
import { choosePrimary, primaryViews } from "./model/primary-views.ts";
import { sentinelNode } from "./model/sentinel-node.ts";
import type { Declared, Observation } from "./observation.ts";
import { byId, naturalCompare } from "./order.ts";
import type { DataNode, SentinelNode, Shard, Topology } from "./schema.ts";

/**
 * One model of a deployment out of what its instances answered: replication with sub-replicas, Sentinel and Cluster
 * alike. The order of observations does not matter; a later one of the same instance replaces an earlier one. How
 * addresses find their instance is written at Directory.
 */
export function buildTopology(declared: Declared, observations: readonly Observation[]): Topology {
  const latest = newest(observations);
  const data = latest.filter(({ kind }) => kind === "data");
  const watchers = latest.filter(({ kind }) => kind === "sentinel");
  const nodes = data.map(dataNode);
  const directories = {
    data: new Directory(data.map((observation, i) => dataEntry(observation, nodes[i] ?? dataNode(observation)))),
    sentinels: new Directory(watchers.map(sentinelEntry)),
  };
  const sentinels = watchers.map((observation) => sentinelNode(observation, declared, directories));
  const cluster =
    declared.kind === "cluster" ? linkCluster(nodes, data, directories.data) : { shards: [], summary: null };
  linkReplicas(nodes, directories.data);
  linkSentinels(nodes, sentinels);
  measureLag(nodes);
  nameHosts(nodes, sentinels);
  for (const node of nodes) node.standby = node.id === declared.standby;

  const sorted = byId(nodes);
  const sortedSentinels = byId(sentinels);
  const oneGroup = declared.kind !== "cluster";
  const primary = oneGroup ? choosePrimary(sorted, sortedSentinels) : null;
  return {
    deployment: declared.deployment,
    kind: declared.kind,
    master_name: declared.master_name ?? null,
    declared_quorum: declared.quorum ?? null,
    observed_at:
      latest
        .map(({ at }) => at)
        .sort()
        .at(-1) ?? new Date(0).toISOString(),
    duration_ms: Math.max(0, ...latest.map(({ duration_ms }) => duration_ms)),
    nodes: sorted.map(settled),
    sentinels: sortedSentinels.map(settled),
    shards: oneGroup ? [mainShard(sorted, primary)] : cluster.shards,
    views: oneGroup ? primaryViews(sorted, sortedSentinels) : [],
    primary_id: primary,
    cluster: cluster.summary,
  };
}

function newest(observations: readonly Observation[]): Observation[] {
  const chosen = new Map<string, Observation>();
  const inOrder = [...observations].sort(
    (a, b) => naturalCompare(a.instance, b.instance) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0),
  );
  for (const observation of inOrder) chosen.set(`${observation.kind} ${observation.instance}`, observation);
  return [...chosen.values()];
}

/** An unlisted instance on the address of a listed host stands on that host: losing it loses both. */
function nameHosts(nodes: readonly DataNode[], sentinels: readonly SentinelNode[]): void {
  const all = [...nodes, ...sentinels];
  for (const item of all) {
    const neighbour = item.listed ? undefined : all.find(({ listed, address }) => listed && address === item.address);
    if (neighbour) item.host = neighbour.host;
    if (neighbour) item.zone = neighbour.zone;
    if (neighbour) item.shell = neighbour.shell;
  }
}

/** The only shard outside of a cluster: the primary and everything that follows it, directly or through others. */
function mainShard(nodes: readonly DataNode[], primary: string | null): Shard {
  const follows = (node: DataNode): boolean => {
    const seen = new Set<string>();
    let at: DataNode | undefined = node;
    while (at && !seen.has(at.id)) {
      seen.add(at.id);
      const next: string | null = at.primary_id;
      if (next === primary) return true;
      at = nodes.find(({ id }) => id === next);
    }
    return false;
  };
  const replicas = nodes.filter((node) =>
    primary === null ? node.role === "replica" : node.id !== primary && follows(node),
  );
  return { id: "main", primary_id: primary, replica_ids: replicas.map(({ id }) => id), slots: [] };
}

function settled<T extends DataNode | SentinelNode>(item: T): T {
  return { ...item, known_by: [...item.known_by].sort(naturalCompare) };
}
