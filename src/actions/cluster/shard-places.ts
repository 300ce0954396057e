import type { ClusterPlace } from "../../init/place-cluster.ts";
import type { ShardPlaces } from "../../init/place-homes.ts";
import { countSlots } from "../../topology/parse/slots.ts";
import type { DataNode, Topology } from "../../topology/schema.ts";

/** Where the primaries that serve slots stand, and their replicas that answer and are not among `newcomers`. */
export function shardPlaces(
  { shards, nodes }: Topology,
  newcomers: readonly string[] = [],
): (ShardPlaces & { readonly slots: number })[] {
  const find = (id: string | null) => nodes.filter((node) => node.id === id);
  return shards.flatMap(({ primary_id, replica_ids, slots }) => {
    const replicas = replica_ids.flatMap(find).filter(({ up, id }) => up && !newcomers.includes(id));
    return find(primary_id).map((primary) => ({
      primary: placeOf(primary),
      replicas: replicas.map(placeOf),
      slots: countSlots(slots),
    }));
  });
}

export function placeOf({ id, host, zone }: DataNode): ClusterPlace {
  return { id, host, zone: zone ?? undefined };
}
