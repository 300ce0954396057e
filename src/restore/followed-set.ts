import { type Chain, shardOf } from "../repository/chain.ts";
import { MANIFEST_VERSION, type Manifest, type Shard } from "../repository/manifest.ts";
import { common, merged, partFor, type Window, windowsOf } from "./chain-moment.ts";

/** What was followed of every shard, as it has to be loaded for one moment. */
export interface FollowedSet {
  readonly manifest: Manifest;
  /** By shard, Unix seconds up to which its server itself said that all is there. */
  readonly provenTo: ReadonlyMap<string, number>;
}

const SLOTS = 16_384;

/** The set for the second `at`; undefined where it cannot be proven for every shard. */
export function followedSet(chains: readonly Chain[], at: number): FollowedSet | undefined {
  for (const group of groupsOf(chains)) {
    const parts = [...group.values()].map((ofShard) => newestPart(ofShard, at));
    const found = parts.filter((part) => part !== undefined);
    if (found.length === 0 || found.length < group.size) continue;
    const proven = found.flatMap(({ shard, provenTo }) => (provenTo === null ? [] : [[shard.name, provenTo] as const]));
    const [first] = found;
    if (!first) continue;
    const { head } = first.chain;
    const when = new Date(at * 1_000).toISOString();
    const manifest: Manifest = {
      manifest_version: MANIFEST_VERSION,
      id: head.id,
      repository_id: "",
      deployment: head.deployment,
      fingerprint: head.fingerprint,
      topology: head.topology,
      redisha_version: head.redisha_version,
      method: "aof",
      tags: [],
      started: when,
      finished: when,
      needs: [],
      consistency: { mode: found.length === 1 ? "single" : "none" },
      shards: found.map(({ shard }) => shard),
      meta: [],
      left_out: [],
      verifications: [],
    };
    return { manifest, provenTo: new Map(proven) };
  }
  return undefined;
}

/** What can be restored of what was followed, the oldest first. */
export function followedWindows(chains: readonly Chain[]): Window[] {
  return merged(
    groupsOf(chains).flatMap((group) =>
      common([...group.values()].map((ofShard) => merged(ofShard.flatMap((chain) => windowsOf(chain))))),
    ),
  );
}

/** Chains of one and the same set of shards, by shard; the newest set first. A Cluster of which a part was never followed is none. */
function groupsOf(chains: readonly Chain[]): Map<string, Chain[]>[] {
  const byPrint = Map.groupBy(chains.toReversed(), ({ head }) => head.fingerprint);
  return [...byPrint.values()].flatMap((group) => {
    const byShard = Map.groupBy(group, ({ head }) => head.shard.name);
    const slots = [...byShard.values()].flatMap(([chain]) => chain?.head.shard.slots ?? []);
    const owned = slots.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    return group[0]?.head.topology === "cluster" && owned !== SLOTS ? [] : [byShard];
  });
}

function newestPart(
  chains: readonly Chain[],
  at: number,
): { chain: Chain; shard: Shard; provenTo: number | null } | undefined {
  for (const chain of chains) {
    const part = partFor(chain, at);
    if (!part) continue;
    const pieces = part.increments.flatMap(({ pieces }) => pieces.map(({ file }) => file));
    return { chain, shard: shardOf(chain, [part.base.file, ...pieces]), provenTo: part.provenTo };
  }
  return undefined;
}
