import { isGone } from "./parse/sentinel-map.ts";
import type { DataNode, Topology } from "./schema.ts";
import { acts } from "./sentinel-authority.ts";

/**
 * Why Sentinel, or the replicas of a shard, would not promote this replica now; null where nothing speaks against it.
 * Follows Sentinel's own choice (sentinelSelectSlave: down, disconnected, priority 0, link down too long), and is
 * stricter in one thing: a replica whose link is down while its primary serves is not counted, for it is going stale.
 */
export function promotionObstacle(topology: Topology, replica: DataNode, primary: DataNode | undefined): string | null {
  if (!replica.up) return replica.loading ? "still loading its data" : "does not answer";
  if (replica.role !== "replica") return "is no replica";
  if (replica.sync_in_progress === true) return "is in a full sync";
  if (replica.link_up !== true && replica.link_down_s === null) return "never had a link to its primary";
  if (replica.link_up !== true && primary?.up === true) return "its link to the primary is down";
  if (topology.kind === "cluster") {
    return replica.cluster?.never_promotes === true ? "cluster-replica-no-failover is yes" : null;
  }
  if (replica.priority === 0) return "replica-priority is 0";
  if (replica.primary_id !== null && primary && replica.primary_id !== primary.id) {
    return `follows ${replica.primary_id}, not the primary`;
  }
  return topology.kind === "sentinel" ? unknownToSentinels(topology, replica) : null;
}

/** Sentinel can only promote what it knows of. */
function unknownToSentinels(topology: Topology, replica: DataNode): string | null {
  const acting = topology.sentinels.filter(acts);
  const entries = acting.flatMap(({ known_replicas }) =>
    known_replicas.filter(({ node_id }) => node_id === replica.id),
  );
  if (acting.length === 0 || entries.some(({ flags }) => !isGone(flags))) return null;
  return entries.length === 0 ? "no Sentinel knows it" : "every Sentinel that knows it holds it to be down";
}

/** The one that Sentinel takes: lowest priority, then most data, then the smallest run id. */
export function bestCandidate(candidates: readonly DataNode[]): DataNode | undefined {
  return [...candidates].sort(
    (a, b) =>
      (a.priority ?? 100) - (b.priority ?? 100) ||
      (b.offset ?? 0) - (a.offset ?? 0) ||
      ((a.run_id ?? a.id) < (b.run_id ?? b.id) ? -1 : 1),
  )[0];
}
