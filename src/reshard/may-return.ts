import type { NodeView } from "./cluster-view.ts";

/**
 * Whether a shard was led by somebody before who has not come back to follow who leads it now. Valkey 8 and later keep marks of
 * slots on their way over a restart, and one that comes back and holds itself for a primary takes each slot that it imports from a
 * node that claims it no more, with a new epoch (cluster_legacy.c, clusterUpdateSlotsConfigWith): it gets its whole shard back with
 * that, with the data of before its death, and who has led it since throws away what was written meanwhile. It follows instead where
 * nobody has let go of such a slot by then. Pure.
 */
export function mayReturn(leader: NodeView, members: readonly string[], views: readonly NodeView[]): boolean {
  const own = views.filter(({ instance }) => members.includes(instance));
  if (own.some(({ nodeId, primaryId }) => primaryId === null && nodeId !== leader.nodeId)) return true;
  if (own.length === members.length) return false;
  const answered = new Set(views.map(({ nodeId }) => nodeId));
  return leader.lines.some(
    ({ id, primaryId, flags, slots }) =>
      !answered.has(id) && primaryId === null && flags.includes("master") && slots.length === 0,
  );
}
