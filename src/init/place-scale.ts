import { type ClusterPlace, placeReplicas } from "./place-cluster.ts";
import type { ShardPlaces } from "./place-homes.ts";

/** What scaling asks for. */
export interface Scaling {
  /** How many primaries are to serve slots. */
  readonly primaries: number;
  /** Of each new primary. */
  readonly replicas: number;
}

/** Who comes and who goes for a cluster to have so many primaries. */
export interface ScalePlan {
  readonly joining: readonly string[];
  /** New replicas, and whose. */
  readonly homes: Readonly<Record<string, string>>;
  readonly leaving: readonly string[];
  /** Replicas of those that go. */
  readonly followers: readonly string[];
  /** New primaries that get fewer replicas than asked for: there are not enough servers. */
  readonly short: readonly string[];
}

/**
 * New primaries go to hosts and zones with few of them, their replicas to other ones. Where primaries go, it is those with the
 * fewest slots, so that least is moved, and of equals the last in the order given; their replicas go with them.
 */
export function placeScale(
  shards: readonly (ShardPlaces & { readonly slots: number })[],
  spares: readonly ClusterPlace[],
  { primaries, replicas }: Scaling,
): ScalePlan {
  if (primaries <= shards.length) return shrunk(shards, primaries);
  const standing = shards.map(({ primary }) => primary);
  const joining: ClusterPlace[] = [];
  const left = [...spares];
  while (standing.length < primaries && left.length > 0) {
    const crowd = ({ host, zone }: ClusterPlace) =>
      standing.filter((each) => each.host === host).length * spares.length * 2 +
      standing.filter((each) => each.zone === zone).length;
    const next = left.reduce((best, each) => (crowd(each) < crowd(best) ? each : best));
    left.splice(left.indexOf(next), 1);
    standing.push(next);
    joining.push(next);
  }
  const homes = new Map<string, string>();
  const counts = new Map(joining.map(({ id }) => [id, 0]));
  const groups = joining.map((primary) => ({ ...primary, replicas: [] }));
  for (const { id, of } of groups.length > 0 ? placeReplicas(left, groups) : []) {
    const count = counts.get(of) ?? 0;
    if (count >= replicas) continue;
    homes.set(id, of);
    counts.set(of, count + 1);
  }
  const short = joining.map(({ id }) => id).filter((id) => (counts.get(id) ?? 0) < replicas);
  return { joining: joining.map(({ id }) => id), homes: Object.fromEntries(homes), leaving: [], followers: [], short };
}

function shrunk(shards: readonly (ShardPlaces & { readonly slots: number })[], primaries: number): ScalePlan {
  const going = [...shards]
    .reverse()
    .sort((a, b) => a.slots - b.slots)
    .slice(0, shards.length - primaries);
  return {
    joining: [],
    homes: {},
    leaving: going.map(({ primary }) => primary.id),
    followers: going.flatMap(({ replicas }) => replicas.map(({ id }) => id)),
    short: [],
  };
}
