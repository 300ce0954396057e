/** A node to be placed: where it stands decides whose replica it may be. */
export interface ClusterPlace {
  readonly id: string;
  readonly host: string;
  readonly zone: string | undefined;
}

export interface ClusterPlan {
  readonly primaries: readonly { readonly id: string; readonly slots: readonly [number, number] }[];
  /** Each replica, and the primary it is of. */
  readonly replicas: readonly { readonly id: string; readonly of: string }[];
}

const SLOTS = 16_384;
const FEWEST_PRIMARIES = 3;

/**
 * Which of new nodes are primaries, with which slots, and whose replica each other one is: primaries on as many zones and
 * hosts as there are, replicas on another host than their primary, in another zone where there is one. Undefined where
 * there are too few nodes for three primaries with so many replicas.
 */
export function placeCluster(nodes: readonly ClusterPlace[], replicasPerPrimary: number): ClusterPlan | undefined {
  const wanted = Math.floor(nodes.length / (replicasPerPrimary + 1));
  if (wanted < FEWEST_PRIMARIES) return undefined;
  const primaries: ClusterPlace[] = [];
  const left = [...nodes];
  while (primaries.length < wanted) {
    const next = best(left, (node) => [
      primaries.filter(({ host }) => host === node.host).length,
      primaries.filter(({ zone }) => zone === node.zone).length,
    ]);
    primaries.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return {
    primaries: primaries.map(({ id }, at) => ({
      id,
      slots: [Math.round((at * SLOTS) / wanted), Math.round(((at + 1) * SLOTS) / wanted) - 1],
    })),
    replicas: placeReplicas(
      left,
      primaries.map((node) => ({ ...node, replicas: [] })),
    ),
  };
}

/** Gives every new node to the primary that has fewest replicas, away from its host and zone where that can be. */
export function placeReplicas(
  nodes: readonly ClusterPlace[],
  primaries: readonly (ClusterPlace & { readonly replicas: readonly ClusterPlace[] })[],
): { id: string; of: string }[] {
  const groups = primaries.map((primary) => ({ primary, replicas: [...primary.replicas] }));
  const given: { id: string; of: string }[] = [];
  const left = [...nodes];
  while (left.length > 0) {
    const pairs = left.flatMap((node) => groups.map((group) => ({ node, group })));
    const { node, group } = best(pairs, ({ node, group: { primary, replicas } }) => [
      replicas.length,
      primary.host === node.host ? 1 : 0,
      replicas.filter(({ host }) => host === node.host).length,
      primary.zone !== undefined && primary.zone === node.zone ? 1 : 0,
      // Who has few places to go to goes first.
      groups.filter((other) => other.primary.host !== node.host).length,
    ]);
    group.replicas.push(node);
    given.push({ id: node.id, of: group.primary.id });
    left.splice(left.indexOf(node), 1);
  }
  return swapped(given, [...nodes, ...primaries]);
}

/** Lets two replicas change places where that brings one of them away from its primary's host or zone. */
function swapped(
  given: readonly { id: string; of: string }[],
  all: readonly ClusterPlace[],
): { id: string; of: string }[] {
  const places = new Map(all.map((node) => [node.id, node]));
  const nearness = ({ id, of }: { id: string; of: string }): number => {
    const [one, other] = [places.get(id), places.get(of)];
    if (one?.host === other?.host) return all.length * 2;
    return one?.zone !== undefined && one.zone === other?.zone ? 1 : 0;
  };
  const now = given.map((each) => ({ ...each }));
  for (const one of now) {
    for (const other of now) {
      const crossed = nearness({ id: one.id, of: other.of }) + nearness({ id: other.id, of: one.of });
      if (crossed < nearness(one) + nearness(other)) [one.of, other.of] = [other.of, one.of];
    }
  }
  return now;
}

/** The first one with the least cost, compared number by number. */
function best<T>(all: readonly T[], cost: (one: T) => readonly number[]): T {
  const [first, ...rest] = all.map((one) => ({ one, cost: cost(one) }));
  if (!first) throw new RangeError("nothing to choose from");
  const less = (a: readonly number[], b: readonly number[]) => {
    const at = a.findIndex((value, index) => value !== b[index]);
    return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0);
  };
  return rest.reduce((least, each) => (less(each.cost, least.cost) ? each : least), first).one;
}
