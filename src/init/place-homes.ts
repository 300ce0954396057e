import { type ClusterPlace, placeReplicas } from "./place-cluster.ts";

/** A primary that serves slots, and its replicas that answer. */
export interface ShardPlaces {
  readonly primary: ClusterPlace;
  readonly replicas: readonly ClusterPlace[];
}

/** What changes: nodes that come and are to be replicas, and members that go. */
export interface Coming {
  readonly newcomers: readonly ClusterPlace[];
  readonly leaving: readonly string[];
}

/** Whose replica each node is to be, and what cannot be helped. */
export interface Homes {
  readonly homes: Readonly<Record<string, string>>;
  /** Primaries that lose their last replica, and nobody has one to spare. */
  readonly bare: readonly string[];
}

/**
 * Gives a primary to every node that comes, and to replicas whose primary goes; a primary that would lose its last replica
 * gets one of who has several. On other hosts and in other zones, as in a cluster that is made anew; nobody else is moved.
 */
export function placeHomes(shards: readonly ShardPlaces[], { newcomers, leaving }: Coming): Homes {
  const goes = ({ id }: ClusterPlace) => leaving.includes(id);
  const left = shards
    .filter(({ primary }) => !goes(primary))
    .map(({ primary, replicas }) => ({ ...primary, replicas: replicas.filter((each) => !goes(each)) }));
  const homeless = shards
    .filter(({ primary }) => goes(primary))
    .flatMap(({ replicas }) => replicas.filter((each) => !goes(each)));
  const given = left.length === 0 ? [] : placeReplicas([...homeless, ...newcomers], left);
  const homes = new Map(given.map(({ id, of }) => [id, of]));
  const counted = left.map((shard) => ({
    ...shard,
    replicas: [...shard.replicas, ...[...homeless, ...newcomers].filter(({ id }) => homes.get(id) === shard.id)],
  }));
  const hadOne = (id: string) => shards.some(({ primary, replicas }) => primary.id === id && replicas.length > 0);
  const bare: string[] = [];
  for (const shard of counted.filter(({ id, replicas }) => replicas.length === 0 && hadOne(id))) {
    const [donor] = counted
      .filter(({ replicas }) => replicas.length > 1)
      .sort((a, b) => b.replicas.length - a.replicas.length);
    const spare = donor && bestFor(shard, donor.replicas);
    if (donor && spare) {
      donor.replicas.splice(donor.replicas.indexOf(spare), 1);
      shard.replicas.push(spare);
      homes.set(spare.id, shard.id);
    } else bare.push(shard.id);
  }
  return { homes: Object.fromEntries(homes), bare };
}

/** The one that stands farthest from a primary: another host counts more than another zone. */
function bestFor(primary: ClusterPlace, replicas: readonly ClusterPlace[]): ClusterPlace | undefined {
  const nearness = ({ host, zone }: ClusterPlace) => (host === primary.host ? 2 : zone === primary.zone ? 1 : 0);
  return [...replicas].sort((a, b) => nearness(a) - nearness(b))[0];
}
