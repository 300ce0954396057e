import type { NodeView } from "./cluster-view.ts";

/**
 * How far the move of a slot has come, by what its nodes themselves say:
 *
 * - `to_move`: source and target agree that the source owns it; keys may be on both sides already.
 * - `half_closed`: the target owns it by its own word, the source has not been told yet.
 * - `untold`: both agree that the target owns it, but a mark is left, or another primary believes something else.
 * - `done`: nothing is left to do.
 * - `other_way`: the target owns it, and had begun to move it to the source: keys may be on both sides.
 * - `stale_target`, `stale_source`: that side has the slot marked as coming, and a node that lost a failover for its owner. A node
 *   believes no news of the owner of a slot that it is importing, and refuses all commands while it holds that one to be dead.
 * - `elsewhere`: neither is said to own it: news still on its way, or a hand of somebody else.
 */
export type SlotState =
  | "to_move"
  | "half_closed"
  | "untold"
  | "done"
  | "other_way"
  | "stale_target"
  | "stale_source"
  | "elsewhere";

export function stateOf(slot: number, source: NodeView, target: NodeView, others: readonly NodeView[]): SlotState {
  const bySource = source.owners[slot];
  const byTarget = target.owners[slot];
  if (bySource === source.nodeId && byTarget === source.nodeId) return "to_move";
  if (byTarget === target.nodeId && bySource === source.nodeId) return "half_closed";
  // The source was told first, which redisha does not do: nobody serves the slot until the target takes it.
  // Or a target died before its replica had heard that it owns the slot: that one leads now, and the source believes in the other, or
  // in nobody, once the other follows (cluster.c, clusterDelNodeSlots).
  if ((bySource === undefined || standsFor(target, bySource)) && byTarget === source.nodeId) return "half_closed";
  if (bySource === source.nodeId && byTarget !== target.nodeId && target.importing.has(slot)) return "stale_target";
  if (byTarget === target.nodeId && bySource !== source.nodeId && bySource !== target.nodeId) {
    return source.importing.has(slot) ? "stale_source" : "elsewhere";
  }
  if (byTarget !== target.nodeId || bySource !== target.nodeId) return "elsewhere";
  if (source.importing.has(slot)) return "other_way";
  const going = target.migrating.get(slot) === source.nodeId;
  const marked = source.migrating.has(slot) || target.importing.has(slot) || going;
  return marked || others.some(({ owners }) => owners[slot] !== target.nodeId) ? "untold" : "done";
}

/** Whether a slot that the source owns is on its way: either side has it marked so. */
export function isBegun(slot: number, source: NodeView, target: NodeView): boolean {
  return source.migrating.has(slot) || target.importing.has(slot);
}

/** Whether an id is that of a primary, or of one that follows it by now. */
function standsFor({ nodeId, lines }: NodeView, id: string | undefined): boolean {
  return id === nodeId || lines.some((line) => line.id === id && line.primaryId === nodeId);
}
