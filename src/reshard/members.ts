import type { ClusterNodeLine } from "../topology/parse/cluster-nodes.ts";
import type { NodeView } from "./cluster-view.ts";

/**
 * Those of the nodes that answered that belong to the cluster, by the one that knows most and serves slots; not `apart`, which
 * may belong to another. Empty where nobody serves any.
 */
export function membersOf(views: readonly NodeView[], apart?: string): NodeView[] {
  const serving = views.filter(
    ({ instance, lines }) => instance !== apart && lines.some(({ slots }) => slots.length > 0),
  );
  const [widest] = [...serving].sort((a, b) => settledLines(b).length - settledLines(a).length);
  const ids = new Set(widest ? settledLines(widest).map(({ id }) => id) : []);
  return views.filter(({ instance, nodeId }) => instance !== apart && ids.has(nodeId));
}

/** Whether a node belongs to any cluster: one that knows nobody and owns nothing is to be taken in, or was taken out. */
export function belongs({ lines }: NodeView): boolean {
  return lines.length > 1 || lines.some(({ slots }) => slots.length > 0);
}

/** The nodes that it knows by their own id, itself among them: in a handshake they still have a made-up one. */
export function settledLines({ lines }: NodeView): ClusterNodeLine[] {
  return lines.filter(({ flags }) => !flags.includes("handshake"));
}

/** Whether a node has this one in its list. */
export function knows(view: NodeView, nodeId: string): boolean {
  return settledLines(view).some(({ id }) => id === nodeId);
}

/** Whether a node has this one in its list and talks to it. */
export function talksTo(view: NodeView, nodeId: string): boolean {
  return view.nodeId === nodeId || settledLines(view).some(({ id, linked }) => id === nodeId && linked);
}

/** Whether two nodes name the same owner of every slot. */
export function sameOwners(one: NodeView, other: NodeView): boolean {
  return one.owners.every((owner, slot) => owner === other.owners[slot]);
}
