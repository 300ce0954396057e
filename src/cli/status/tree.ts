import type { DataNode, Topology } from "../../topology/schema.ts";

/** A node at its place in the replication tree. */
export interface TreeRow {
  readonly node: DataNode;
  readonly depth: number;
  /** For every level above the node's own: whether more of that level follow below. Then the node's own. */
  readonly followed: readonly boolean[];
}

/**
 * Nodes in the order of the replication tree: the primary and below it what replicates from it; then other primaries
 * and what hangs on nothing that is known. In a cluster, shards come in the order of their slots.
 */
export function treeRows(topology: Topology): TreeRow[] {
  const byId = new Map(topology.nodes.map((node) => [node.id, node]));
  const children = new Map<string, DataNode[]>();
  const roots: DataNode[] = [];
  for (const node of topology.nodes) {
    const above = node.role === "primary" ? undefined : parentOf(node, byId);
    if (above === undefined) roots.push(node);
    else children.set(above, [...(children.get(above) ?? []), node]);
  }
  const placed = new Set<string>();
  const rows: TreeRow[] = [];
  const place = (node: DataNode, followed: readonly boolean[]): void => {
    if (placed.has(node.id)) return;
    placed.add(node.id);
    rows.push({ node, depth: followed.length, followed });
    const below = (children.get(node.id) ?? []).sort(byName);
    for (const [index, child] of below.entries()) place(child, [...followed, index < below.length - 1]);
  };
  for (const root of roots.sort(rootOrder(topology))) place(root, []);
  // Two nodes that follow each other hang on no root; they must be seen all the same.
  for (const node of topology.nodes) place(node, []);
  return rows;
}

function parentOf(node: DataNode, byId: ReadonlyMap<string, DataNode>): string | undefined {
  const id = node.primary_id;
  return id !== null && id !== node.id && byId.has(id) ? id : undefined;
}

function rootOrder(topology: Topology): (a: DataNode, b: DataNode) => number {
  const rank = (node: DataNode) => (node.id === topology.primary_id ? 0 : node.role === "primary" ? 1 : 2);
  const firstSlot = (node: DataNode) => {
    const shard = topology.shards.find((each) => each.primary_id === node.id);
    return shard?.slots[0]?.[0] ?? Number.MAX_SAFE_INTEGER;
  };
  return (a, b) => rank(a) - rank(b) || firstSlot(a) - firstSlot(b) || byName(a, b);
}

function byName(a: DataNode, b: DataNode): number {
  return a.id.localeCompare(b.id, "en", { numeric: true });
}
