import { countSlots, joinRanges, printRange, SLOTS, type SlotRange } from "./parse/slots.ts";
import type { Topology } from "./schema.ts";

/** The model once these slots belong to others, whose ids are those of primaries. Pure. */
export function afterSlotMoves(
  topology: Topology,
  moves: readonly { readonly to: string; readonly slots: readonly SlotRange[] }[],
): Topology {
  const owners: (string | undefined)[] = new Array(SLOTS);
  const take = (id: string, slots: readonly SlotRange[]) => {
    for (const [from, to] of slots) owners.fill(id, from, to + 1);
  };
  for (const { id, cluster } of topology.nodes) take(id, cluster?.slots ?? []);
  for (const { to, slots } of moves) take(to, slots);
  const slotsOf = (id: string) =>
    joinRanges(owners.flatMap((owner, slot): SlotRange[] => (owner === id ? [[slot, slot]] : [])));
  const primaries = topology.nodes
    .filter(({ role }) => role === "primary")
    .map(({ id }) => ({ id, slots: slotsOf(id) }));
  const signature = primaries.map(({ id, slots }) => `${id}:${slots.map(printRange).join(",")}`).join("|");
  const shardOf = (id: string | null) => {
    const [first] = primaries.find((primary) => primary.id === id)?.slots ?? [];
    return first ? printRange(first) : null;
  };
  return {
    ...topology,
    nodes: topology.nodes.map((node) => {
      if (!node.cluster) return node;
      const slots = node.role === "primary" ? slotsOf(node.id) : node.cluster.slots;
      const shard = shardOf(node.role === "primary" ? node.id : node.primary_id);
      return { ...node, cluster: { ...node.cluster, shard, slots, slots_count: countSlots(slots), signature } };
    }),
    shards: primaries
      .filter(({ slots }) => slots.length > 0)
      .map(({ id, slots }) => ({
        id: shardOf(id) ?? "",
        primary_id: id,
        replica_ids: topology.nodes.filter(({ primary_id }) => primary_id === id).map((node) => node.id),
        slots,
      }))
      .sort((a, b) => (a.slots[0]?.[0] ?? 0) - (b.slots[0]?.[0] ?? 0)),
  };
}
