import { isGone } from "./parse/sentinel-map.ts";
import type { SentinelNode, Topology } from "./schema.ts";

/** Whether Sentinels could order a failover, and by which numbers. */
export interface Authority {
  /** Sentinels that take part, as the best placed one of them sees it. */
  readonly reachable: number;
  /** Everyone that it counts as a voter, dead and stale ones too. */
  readonly voters: number;
  readonly majority: number;
  readonly quorum: number;
}

/**
 * A failover needs two things: `quorum` Sentinels that agree that the primary is down, and the votes of a majority of
 * all Sentinels that the leader ever heard of (and was not told to forget). A peer counts when it answered us and the
 * would-be leader sees it, and names the same primary: votes are asked for by the primary's address. One that only
 * Sentinels know counts too. Undefined where no Sentinel is left that watches this primary.
 */
export function authority(topology: Topology, lost: ReadonlySet<string> = new Set()): Authority | undefined {
  const acting = topology.sentinels.filter((sentinel) => acts(sentinel) && !lost.has(sentinel.id));
  const named = new Map(acting.map(({ id, primary_id }) => [id, primary_id]));
  const unlisted = new Set(
    topology.sentinels.filter(({ listed, up, id }) => !listed && !up && !lost.has(id)).map(({ id }) => id),
  );
  return acting
    .filter(({ primary_id }) => topology.primary_id === null || primary_id === topology.primary_id)
    .map((leader) => {
      const peers = new Set(
        leader.known_sentinels
          .filter(({ flags }) => !isGone(flags))
          .map(({ sentinel_id }) => sentinel_id)
          .filter((id) => id !== null && id !== leader.id && (named.get(id) === leader.primary_id || unlisted.has(id))),
      );
      // Without its list of peers (refused, or addresses that match nothing) those that answered us have to do.
      const blind = leader.known_sentinels.length === 0 && (leader.others ?? 0) > 0;
      const reachable = 1 + (blind ? Math.min(leader.others ?? 0, acting.length - 1) : peers.size);
      const voters = 1 + Math.max(leader.others ?? 0, leader.known_sentinels.length);
      return { reachable, voters, majority: Math.floor(voters / 2) + 1, quorum: leader.quorum ?? 1 };
    })
    .sort((a, b) => margin(b) - margin(a))[0];
}

/** Both quorum and majority are there. */
export function mayFailOver(found: Authority | undefined): boolean {
  return found !== undefined && margin(found) >= 0;
}

/** It answers, watches the group, and its clock did not jump (a Sentinel in TILT acts on nothing). */
export function acts(sentinel: SentinelNode): boolean {
  return sentinel.up && sentinel.watching && sentinel.tilt !== true;
}

function margin({ reachable, majority, quorum }: Authority): number {
  return reachable - Math.max(majority, quorum);
}
