import { addressOf } from "./after-switchover.ts";
import type { DataNode, Topology } from "./schema.ts";

/** The model once a node has been taken into the cluster as a primary that owns nothing. Pure. */
export function afterJoin(topology: Topology, id: string): Topology {
  const peer = topology.nodes.find((node) => node.id !== id && (node.cluster?.slots_count ?? 0) > 0);
  if (!peer?.cluster) return topology;
  const { state, signature, known_nodes } = peer.cluster;
  return changed(topology, id, (node) => ({
    ...node,
    cluster: node.cluster && { ...node.cluster, state, signature, known_nodes: (known_nodes ?? 0) + 1 },
  }));
}

/** The model once a node that owns nothing follows that primary and has all that it has. Pure. */
export function afterReplicate(topology: Topology, id: string, primaryId: string): Topology {
  const primary = topology.nodes.find((node) => node.id === primaryId);
  if (!primary) return topology;
  const following = changed(topology, id, (node) => ({
    ...node,
    role: "replica",
    writable: false,
    primary_id: primaryId,
    primary_address: addressOf(primary),
    ...{ link_up: true, link_state: "connected", read_only: true, lag: 0, sync_in_progress: false, last_io_s: 0 },
    offset: primary.offset,
    keys: primary.keys,
    cluster: node.cluster && { ...node.cluster, shard: primary.cluster?.shard ?? null },
  }));
  return withReplicas(following);
}

/** The model once nobody knows a node any more, and it is empty. Pure. */
export function afterLeave(topology: Topology, id: string): Topology {
  const alone = changed(topology, id, (node) => ({
    ...node,
    role: "primary",
    writable: true,
    primary_id: null,
    primary_address: null,
    ...{ link_up: null, link_state: null, lag: null, lag_s: null, keys: 0 },
    cluster: node.cluster && { ...node.cluster, shard: null, state: "fail", signature: "", known_nodes: 1, epoch: 0 },
  }));
  return withReplicas(alone);
}

function changed(topology: Topology, id: string, change: (node: DataNode) => DataNode): Topology {
  return { ...topology, nodes: topology.nodes.map((node) => (node.id === id ? change(node) : node)) };
}

/** Shards with those replicas that nodes themselves say to be. */
function withReplicas(topology: Topology): Topology {
  const replicasOf = (primary: string | null) =>
    topology.nodes.filter(({ role, primary_id }) => role === "replica" && primary_id === primary).map(({ id }) => id);
  const shards = topology.shards.map((shard) => ({ ...shard, replica_ids: replicasOf(shard.primary_id) }));
  return { ...topology, shards };
}
