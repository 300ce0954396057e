import type { NodeView } from "./cluster-view.ts";

/** Slots of which replicas of a primary have marks that it has not. */
export interface ReplicaMarks {
  readonly leader: NodeView;
  readonly slots: readonly number[];
}

/**
 * Marks of slots that have moved which are left at replicas. Valkey 8 and later keep them when a primary becomes a replica, also over a
 * restart, until their own primary is told of the slot again, which tells them. Pure.
 */
export function replicaMarks(slots: readonly number[], views: readonly NodeView[]): ReplicaMarks[] {
  const replicas = Map.groupBy(views, ({ primaryId }) => primaryId);
  return views.flatMap((leader) => {
    const followers = leader.primaryId === null ? (replicas.get(leader.nodeId) ?? []) : [];
    const isMarked = ({ migrating, importing }: NodeView, slot: number) => migrating.has(slot) || importing.has(slot);
    const left = slots.filter((slot) => !isMarked(leader, slot) && followers.some((view) => isMarked(view, slot)));
    return left.length > 0 ? [{ leader, slots: left }] : [];
  });
}
