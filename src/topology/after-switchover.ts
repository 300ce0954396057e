import type { DataNode, SentinelNode, Topology } from "./schema.ts";

/**
 * The model once `to` has been promoted without a loss and everybody follows it: the old primary of its group or shard is
 * a replica, every other replica follows the new one, every Sentinel names it. A model in which `to` is no replica of
 * anybody stays as it is. Pure.
 */
export function afterSwitchover(topology: Topology, to: string): Topology {
  const promoted = topology.nodes.find(({ id }) => id === to);
  const old = topology.nodes.find(({ id }) => id === promoted?.primary_id);
  if (promoted?.role !== "replica" || !old) return topology;
  const followers = topology.nodes.filter(
    ({ id, role, primary_id }) => id === old.id || (id !== to && role === "replica" && primary_id === old.id),
  );
  const node = (each: DataNode): DataNode => {
    if (each.id === to) return primaryOf(followers, each, old);
    return followers.includes(each) ? replicaOf(promoted, each) : each;
  };
  const shards = topology.shards.map((shard) =>
    shard.primary_id === old.id ? { ...shard, primary_id: to, replica_ids: followers.map(({ id }) => id) } : shard,
  );
  return {
    ...topology,
    nodes: topology.nodes.map(node),
    sentinels: topology.sentinels.map((each) => sentinelOf(each, old, promoted)),
    shards,
    views: topology.views.map((view) =>
      view.primary_id === old.id ? { ...view, primary_id: to, address: addressOf(promoted) } : view,
    ),
    primary_id: topology.primary_id === old.id ? to : topology.primary_id,
  };
}

function primaryOf(followers: readonly DataNode[], node: DataNode, old: DataNode): DataNode {
  const linked = followers.filter(({ id, link_up }) => id === old.id || link_up === true);
  return {
    ...node,
    role: "primary",
    writable: (node.min_replicas_to_write ?? 0) <= linked.length,
    primary_id: null,
    primary_address: null,
    link_up: null,
    link_state: null,
    link_down_s: null,
    sync_in_progress: null,
    sync_left_bytes: null,
    last_io_s: null,
    lag: null,
    lag_s: null,
    connected_replicas: linked.length,
    good_replicas: linked.length,
    attached: linked.map((each) => ({
      address: addressOf(each),
      node_id: each.id,
      state: "online",
      offset: node.offset,
      lag_s: 0,
    })),
    cluster: node.cluster && old.cluster ? { ...node.cluster, ...ownedBy(old.cluster) } : node.cluster,
  };
}

function replicaOf(primary: DataNode, node: DataNode): DataNode {
  const wasPrimary = node.role === "primary";
  const cluster = node.cluster && wasPrimary ? { ...node.cluster, ...ownedBy(undefined) } : node.cluster;
  return {
    ...node,
    role: "replica",
    writable: false,
    primary_id: primary.id,
    primary_address: addressOf(primary),
    ...(wasPrimary
      ? { link_up: true, link_state: "connected", read_only: true, lag: 0, sync_in_progress: false, last_io_s: 0 }
      : {}),
    connected_replicas: wasPrimary ? 0 : node.connected_replicas,
    good_replicas: wasPrimary ? null : node.good_replicas,
    attached: wasPrimary ? [] : node.attached,
    cluster,
  };
}

/** What the owner of a shard's slots says of them; of nobody's, nothing. */
function ownedBy(owner: DataNode["cluster"] | undefined) {
  const { slots = [], slots_count = 0, migrating = [], importing = [] } = owner ?? {};
  return { slots, slots_count, migrating, importing };
}

function sentinelOf(sentinel: SentinelNode, old: DataNode, promoted: DataNode): SentinelNode {
  if (sentinel.primary_id !== old.id) return sentinel;
  return {
    ...sentinel,
    primary_id: promoted.id,
    primary_address: addressOf(promoted),
    config_epoch: sentinel.config_epoch === null ? null : sentinel.config_epoch + 1,
    known_replicas: sentinel.known_replicas.map((replica) =>
      replica.node_id === promoted.id
        ? { ...replica, node_id: old.id, address: addressOf(old), priority: old.priority, flags: ["slave"] }
        : replica,
    ),
  };
}

/** `host:port` by which the others know it. */
export function addressOf({ announced, address, port }: DataNode): string {
  return announced ?? `${address}:${port}`;
}
