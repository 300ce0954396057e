import type { DataNode, SentinelNode, Topology } from "../topology/schema.ts";

/** Fields of nodes, by id. */
export type Patch = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * The topology with fields of some nodes set, and with what follows from them: a node that is down has no role, a primary
 * takes writes, the group's primary is the one node that says so. What the patch itself says goes before what follows.
 * The result is to be checked against the schema: a patch can say anything.
 */
export function patched(topology: Topology, patch: Patch): unknown {
  const apply = <T extends DataNode | SentinelNode>(node: T) => {
    const fields = patch[node.id];
    return fields ? { ...node, ...consequences(fields), ...fields } : node;
  };
  const nodes = topology.nodes.map(apply);
  const sentinels = topology.sentinels.map(apply).map((sentinel) => inTheKnow(sentinel, nodes));
  if (topology.kind === "cluster") return { ...topology, nodes, sentinels };
  const primaries = nodes.filter(({ role, up }) => role === "primary" && up);
  const stays = primaries.find(({ id }) => id === topology.primary_id);
  const primary_id = (stays ?? (primaries.length === 1 ? primaries[0] : undefined))?.id ?? null;
  const replica_ids = nodes.filter(({ role }) => role === "replica").map(({ id }) => id);
  const shards = topology.shards.map((shard) => ({ ...shard, primary_id, replica_ids }));
  return { ...topology, nodes, sentinels, shards, primary_id };
}

/** Sentinels that see a replica know what it says of its priority. */
function inTheKnow(sentinel: SentinelNode, nodes: readonly DataNode[]): SentinelNode {
  const priorityOf = (id: string | null) => nodes.find((node) => node.id === id)?.priority;
  const known_replicas = sentinel.known_replicas.map((replica) => {
    const { node_id, priority } = replica;
    return { ...replica, priority: priorityOf(node_id) ?? priority };
  });
  return { ...sentinel, known_replicas };
}

function consequences(fields: Readonly<Record<string, unknown>>): object {
  if (fields.up === false) {
    const reach = { ok: false, code: "REDIS_REFUSED", message: "refuses connections", next: [] };
    return "watching" in fields
      ? { reach }
      : { reach, ...("role" in fields ? {} : { role: "unknown", writable: false }) };
  }
  const back = fields.up === true ? { reach: { ok: true, code: null, message: null, next: [] } } : {};
  if (fields.role === "primary")
    return { ...back, writable: true, primary_id: null, primary_address: null, link_up: null };
  if (fields.role === "replica") return { ...back, writable: false, link_up: true, read_only: true };
  return back;
}
