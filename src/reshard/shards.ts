import { type NodeView, primaryOf } from "./cluster-view.ts";
import type { Move } from "./plan-moves.ts";
import { slotsIn } from "./slot-list.ts";

/** Instances that stand for each other: one object for as long as the move goes on, whoever comes and goes. */
export interface Shard {
  readonly members: readonly string[];
}

/** Who has come to a shard or left it. */
export interface Change {
  readonly instance: string;
  readonly from: Shard | undefined;
  readonly to: Shard | undefined;
}

/**
 * Who stands for whom: the members of each shard that gives slots or gets some, as it was planned, and who came and went since.
 * A cluster gives replicas to primaries that have lost theirs (cluster-allow-replica-migration), and a server that was down may
 * come back as a replica of another primary than before, of who got the last of its slots.
 */
export class Shards {
  readonly #shards: { members: string[] }[];
  /** By the instances that moves name: who was in which shard at first. */
  readonly #named: Map<string, { members: string[] }>;
  readonly #moves: readonly Pick<Move, "from" | "to" | "slots">[];

  /** `moves` are all those between these shards. */
  constructor(planned: readonly (readonly string[])[], moves: readonly Pick<Move, "from" | "to" | "slots">[]) {
    this.#moves = moves;
    this.#shards = planned.map((members) => ({ members: [...members] }));
    this.#named = new Map(this.#shards.flatMap((shard) => shard.members.map((id) => [id, shard])));
  }

  /** The shard that is meant where a move names an instance. */
  named(instance: string): Shard {
    const known = this.#named.get(instance);
    if (known) return known;
    const shard = { members: [instance] };
    this.#shards.push(shard);
    this.#named.set(instance, shard);
    return shard;
  }

  /** The shard that an instance is of now; undefined where that neither gives slots nor gets any. */
  of(instance: string): Shard | undefined {
    return this.#of(instance);
  }

  /** Takes in whom nodes follow, by their own words. */
  learn(views: readonly NodeView[]): Change[] {
    return views.flatMap((view) => {
      const leader = views.find(({ nodeId, primaryId }) => nodeId === view.primaryId && primaryId === null);
      return leader ? this.#follows(view.instance, leader, views) : [];
    });
  }

  #follows(replica: string, leader: NodeView, views: readonly NodeView[]): Change[] {
    const [from, to] = [this.#of(replica), this.#of(leader.instance)];
    if (from === to) return [];
    const isLed = from !== undefined && primaryOf(from.members, views) !== undefined;
    // The members of a shard that nobody leads follow who took over, or, before 7.0, who got its last slot, or are given away just then.
    if (from && !isLed) {
      if (to || !this.#tookOver(leader, from)) return [];
      from.members.push(leader.instance);
      return [{ instance: leader.instance, from: undefined, to: from }];
    }
    if (from) from.members = from.members.filter((id) => id !== replica);
    to?.members.push(replica);
    return [{ instance: replica, from, to }];
  }

  /** Whether it has slots that this shard was to give, or has got. */
  #tookOver(leader: NodeView, shard: Shard): boolean {
    const own = this.#moves.filter(({ from, to }) => [from, to].some((id) => this.named(id) === shard));
    return own.some(({ slots }) => slotsIn(slots).some((slot) => leader.owners[slot] === leader.nodeId));
  }

  #of(instance: string): { members: string[] } | undefined {
    return this.#shards.find(({ members }) => members.includes(instance));
  }
}
