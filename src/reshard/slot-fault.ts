import { SLOTS } from "../topology/parse/slots.ts";
import type { NodeView } from "./cluster-view.ts";

/** What one node says, and the keys that it holds in slots that it does not own or has marked. */
export interface Holding {
  readonly view: NodeView;
  readonly keys: ReadonlyMap<number, number>;
  /** It has taken no write since it took over in mid-move: no key of a slot that is on its way has begun anew there. */
  readonly barred?: boolean;
}

/**
 * What is wrong with a slot:
 *
 * - `in_progress`: both ends are marked, and keys have moved: a move was broken off, or is under way.
 * - `open_at_both`, `open_at_source`, `open_at_target`: marked, and no key has moved.
 * - `target_told`: the target has been told that it owns the slot, the source has not.
 * - `source_told`: the other way round: nobody serves it.
 * - `dead_end`: the mark of the owner names a node that is gone.
 * - `lost_mark`: a node holds keys that came to it by a move of which the owner knows nothing any more, since a failover.
 * - `stray_keys`: a node holds keys that no client is sent to, and nothing says why.
 * - `needless_mark`: a mark that means nothing any more.
 * - `replica_mark`: a replica has a mark: it would take it along when it is promoted.
 * - `two_owners`, `owner_down`, `nobody`: more than one primary claims it, one that does not answer, none at all.
 * - `news`: somebody has not heard yet who owns it.
 */
export type Fault =
  | "in_progress"
  | "open_at_both"
  | "open_at_source"
  | "open_at_target"
  | "target_told"
  | "source_told"
  | "dead_end"
  | "lost_mark"
  | "stray_keys"
  | "needless_mark"
  | "replica_mark"
  | "two_owners"
  | "owner_down"
  | "nobody"
  | "news";

/** A slot with something wrong, and what mends it. Instances by id. */
export interface SlotFault {
  readonly slot: number;
  readonly fault: Fault;
  /** Who owns it now; null where nobody does, or several do. */
  readonly owner: string | null;
  /** A move that is to be brought to its end. */
  readonly finish: { readonly from: string; readonly to: string } | null;
  /** Who is to take a slot that belongs to nobody. */
  readonly take: string | null;
  /** Whose mark comes off, before any key is moved. */
  readonly close: readonly string[];
  /** Who gives what it holds of it, if anything, to whom that owns it, and loses its mark then. */
  readonly gather: { readonly from: readonly string[]; readonly to: string } | null;
  /** Keys by who holds them without owning the slot. */
  readonly keys: readonly (readonly [instance: string, count: number])[];
}

/** Everything that is wrong with slots, in their order, by what the nodes say that answered. Pure. */
export function slotFaults(holdings: readonly Holding[]): SlotFault[] {
  const scene = new Scene(holdings);
  return scene.suspects().flatMap((slot) => scene.faultOf(slot) ?? []);
}

type Mending = Partial<Pick<SlotFault, "owner" | "finish" | "take" | "close" | "gather">>;

class Scene {
  readonly #primaries: readonly Holding[];
  readonly #replicas: readonly Holding[];
  readonly #byId: ReadonlyMap<string, Holding>;

  constructor(holdings: readonly Holding[]) {
    this.#primaries = holdings.filter(({ view }) => view.primaryId === null);
    this.#replicas = holdings.filter(({ view }) => view.primaryId !== null);
    this.#byId = new Map(this.#primaries.map((holding) => [holding.view.nodeId, holding]));
  }

  /** Slots that somebody has marked, holds keys of without owning them, or on which primaries do not agree. */
  suspects(): number[] {
    const found = new Set<number>();
    for (const { view } of [...this.#primaries, ...this.#replicas]) {
      for (const slot of [...view.migrating.keys(), ...view.importing.keys()]) found.add(slot);
    }
    for (const { keys } of this.#primaries) for (const slot of keys.keys()) found.add(slot);
    for (let slot = 0; slot < SLOTS && this.#primaries.length > 0; slot += 1) {
      const owner = this.#primaries[0]?.view.owners[slot];
      const agreed = this.#primaries.every(({ view }) => view.owners[slot] === owner);
      if (!agreed || owner === undefined || !this.#byId.has(owner)) found.add(slot);
    }
    return [...found].sort((a, b) => a - b);
  }

  faultOf(slot: number): SlotFault | undefined {
    const claims = this.#primaries.filter(({ view }) => view.owners[slot] === view.nodeId);
    const [owner, ...others] = claims;
    if (others.length > 0) return this.#claimedTwice(slot, claims);
    return owner ? this.#owned(slot, owner) : this.#unowned(slot);
  }

  #claimedTwice(slot: number, claims: readonly Holding[]): SlotFault {
    const source = claims.find(({ view }) => claims.some((other) => other.view.nodeId === view.migrating.get(slot)));
    const target = source && this.#end(source.view.migrating.get(slot));
    if (!target || claims.length > 2) return this.#fault(slot, "two_owners", {});
    const move = { from: source.view.instance, to: target.view.instance };
    return this.#fault(slot, "target_told", { owner: move.to, finish: move });
  }

  #unowned(slot: number): SlotFault {
    const target = this.#primaries.find(({ view }) => {
      const source = view.importing.has(slot) ? this.#byId.get(view.owners[slot] ?? "") : undefined;
      return source?.view.owners[slot] === view.nodeId;
    });
    const source = this.#byId.get(target?.view.owners[slot] ?? "");
    if (target && source) {
      return this.#fault(slot, "source_told", { finish: { from: source.view.instance, to: target.view.instance } });
    }
    const believed = new Set(this.#primaries.map(({ view }) => view.owners[slot]).filter((id) => id !== undefined));
    if ([...believed].some((id) => !this.#byId.has(id))) return this.#fault(slot, "owner_down", {});
    // It has let go of it by itself, and whoever else believes that it owns it will hear nothing else.
    const believer = believed.size === 1 ? this.#byId.get([...believed][0] ?? "") : undefined;
    if (believer && believer.view.owners[slot] === undefined) {
      const { instance } = believer.view;
      return this.#fault(slot, "nobody", {
        take: instance,
        gather: gathering(this.#strangers(slot, instance), instance),
      });
    }
    if (believed.size > 0) return this.#fault(slot, "news", {});
    const holders = this.#holders(slot);
    const slots = ({ view }: Holding) => view.owners.filter((id) => id === view.nodeId).length;
    const heir = (holders[0] ?? [...this.#primaries].sort((a, b) => slots(a) - slots(b))[0])?.view.instance;
    if (heir === undefined) return this.#fault(slot, "nobody", {});
    return this.#fault(slot, "nobody", { take: heir, gather: gathering(this.#strangers(slot, heir), heir) });
  }

  #owned(slot: number, owner: Holding): SlotFault | undefined {
    const { instance, migrating, importing } = owner.view;
    const strays = this.#holders(slot);
    const others = this.#strangers(slot, instance);
    const close = migrating.has(slot) || importing.has(slot) ? [instance] : [];
    const home = { owner: instance, close, gather: gathering(others, instance) };
    const to = migrating.get(slot);
    if (to !== undefined) {
      const named = this.#end(to);
      const target = named ?? (strays.length === 1 ? strays[0] : undefined);
      if (target && strays.includes(target)) {
        const end = target.view.instance;
        return this.#fault(slot, named ? "in_progress" : "dead_end", {
          owner: instance,
          finish: { from: instance, to: end },
          gather: gathering(
            others.filter((id) => id !== end),
            end,
          ),
        });
      }
      return this.#fault(slot, !named ? "dead_end" : others.length > 0 ? "open_at_both" : "open_at_source", home);
    }
    const coming = this.#primaries.filter(({ view }) => view !== owner.view && view.importing.has(slot));
    const taker = strays.find((stray) => coming.includes(stray))?.view.instance;
    if (taker !== undefined && owner.barred) {
      const rest = others.filter((id) => id !== taker);
      const finish = { from: instance, to: taker };
      return this.#fault(slot, "lost_mark", { owner: instance, finish, gather: gathering(rest, taker) });
    }
    if (strays.length > 0) return this.#fault(slot, taker === undefined ? "stray_keys" : "lost_mark", home);
    if (coming.length > 0) return this.#fault(slot, "open_at_target", home);
    if (close.length > 0 || others.length > 0) return this.#fault(slot, "needless_mark", home);
    // Told again, a primary from Valkey 8 on tells its replicas, too.
    const leaders = this.#leadersOfMarked(slot);
    if (leaders.length > 0) return this.#fault(slot, "replica_mark", { owner: instance, close: leaders });
    return this.#fault(slot, "news", { owner: instance });
  }

  /** The primary of that id, if it answers. */
  #end(id: string | undefined): Holding | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Primaries that hold keys of it without owning it, most first. */
  #holders(slot: number): Holding[] {
    return this.#primaries
      .filter(({ view, keys }) => view.owners[slot] !== view.nodeId && (keys.get(slot) ?? 0) > 0)
      .sort((a, b) => (b.keys.get(slot) ?? 0) - (a.keys.get(slot) ?? 0));
  }

  /** Primaries other than this one that hold keys of it or have it marked. */
  #strangers(slot: number, owner: string): string[] {
    return this.#primaries
      .filter(({ view, keys }) => (keys.get(slot) ?? 0) > 0 || view.migrating.has(slot) || view.importing.has(slot))
      .map(({ view }) => view.instance)
      .filter((instance) => instance !== owner);
  }

  #leadersOfMarked(slot: number): string[] {
    const leaders = this.#replicas
      .filter(({ view }) => view.migrating.has(slot) || view.importing.has(slot))
      .flatMap(({ view }) => this.#end(view.primaryId ?? undefined)?.view.instance ?? []);
    return [...new Set(leaders)];
  }

  #fault(slot: number, fault: Fault, mending: Mending): SlotFault {
    const keys = this.#holders(slot).map(({ view, keys: held }) => [view.instance, held.get(slot) ?? 0] as const);
    const nothing = { owner: null, finish: null, take: null, close: [], gather: null };
    return { slot, fault, ...nothing, ...mending, keys };
  }
}

function gathering(from: readonly string[], to: string): SlotFault["gather"] {
  return from.length > 0 ? { from, to } : null;
}
