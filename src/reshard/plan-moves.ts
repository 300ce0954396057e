import { countSlots, type SlotRange } from "../topology/parse/slots.ts";
import { share } from "./share.ts";
import { rangesOf, slotsIn } from "./slot-list.ts";

/** A primary, and what it owns. */
export interface Owner {
  readonly id: string;
  readonly slots: readonly SlotRange[];
}

/** Slots that go from one primary to another. */
export interface Move {
  readonly from: string;
  readonly to: string;
  readonly slots: readonly SlotRange[];
}

/**
 * Takes `count` slots from the sources, from each in proportion to what it owns, and deals them to the targets evenly.
 * Sources that are targets too give nothing. Where the sources own fewer, all that they own is moved: see `countOf`.
 */
export function planByCount(
  owners: readonly Owner[],
  from: readonly string[],
  to: readonly string[],
  count: number,
): Move[] {
  const sources = owners.filter(({ id }) => from.includes(id) && !to.includes(id));
  const owned = sources.map(({ slots }) => countSlots(slots));
  const total = Math.min(
    count,
    owned.reduce((sum, each) => sum + each, 0),
  );
  const taken = share(total, owned);
  const given = sources.map(({ id, slots }, index) => ({ id, slots: slotsIn(slots).slice(0, taken[index]) }));
  const targets = owners.filter(({ id }) => to.includes(id));
  const due = share(
    total,
    targets.map(() => 1),
  );
  return deal(
    given,
    targets.map(({ id }, index) => ({ id, count: due[index] ?? 0 })),
  );
}

/** Moves these very slots, whoever owns them; those that the target owns already stay. */
export function planByList(owners: readonly Owner[], slots: readonly SlotRange[], to: string): Move[] {
  const wanted = new Set(slotsIn(slots));
  return owners
    .filter(({ id }) => id !== to)
    .map(({ id, slots: owned }) => ({
      from: id,
      to,
      slots: rangesOf(slotsIn(owned).filter((slot) => wanted.has(slot))),
    }))
    .filter(({ slots: moved }) => moved.length > 0);
}

/**
 * Shares all slots that have an owner out by weight, and moves no more of them than that takes. Owners without a weight count
 * as 1. Where every share is within `threshold` percent of what is due, nothing moves.
 */
export function planByWeight(
  owners: readonly Owner[],
  weights: ReadonlyMap<string, number>,
  threshold: number,
): Move[] {
  const owned = owners.map(({ slots }) => countSlots(slots));
  const total = owned.reduce((sum, each) => sum + each, 0);
  const due = share(
    total,
    owners.map(({ id }) => weights.get(id) ?? 1),
    owned,
  );
  const off = owners.some((_, index) => isOff(owned[index] ?? 0, due[index] ?? 0, threshold));
  if (!off) return [];
  const surplus = owners.map(({ id, slots }, index) => ({
    id,
    slots: slotsIn(slots).slice(0, Math.max(0, (owned[index] ?? 0) - (due[index] ?? 0))),
  }));
  const deficit = owners.map(({ id }, index) => ({ id, count: Math.max(0, (due[index] ?? 0) - (owned[index] ?? 0)) }));
  return deal(surplus, deficit);
}

/** How many slots moves take with them. */
export function countOf(moves: readonly Move[]): number {
  return moves.reduce((sum, { slots }) => sum + countSlots(slots), 0);
}

/** Who owns what once the moves are made. */
export function afterMoves(owners: readonly Owner[], moves: readonly Move[]): Owner[] {
  return owners.map(({ id, slots }) => {
    const gone = new Set(moves.filter(({ from }) => from === id).flatMap((move) => slotsIn(move.slots)));
    const come = moves.filter(({ to }) => to === id).flatMap((move) => slotsIn(move.slots));
    return { id, slots: rangesOf([...slotsIn(slots).filter((slot) => !gone.has(slot)), ...come]) };
  });
}

/** One that should have nothing and has something is always off; so is one that has nothing and should. */
function isOff(owned: number, due: number, threshold: number): boolean {
  if (owned === due) return false;
  if (due === 0 || owned === 0) return true;
  return (Math.abs(owned - due) / due) * 100 > threshold;
}

/** Deals slots to those that are short of some, the first to the first: as few pairs as there can be, one after the other. */
function deal(
  given: readonly { readonly id: string; readonly slots: readonly number[] }[],
  wanted: readonly { readonly id: string; readonly count: number }[],
): Move[] {
  const moves: Move[] = [];
  const open = wanted.map((each) => ({ ...each }));
  for (const { id: from, slots } of given) {
    let at = 0;
    for (const target of open) {
      const part = slots.slice(at, at + target.count);
      if (part.length > 0) moves.push({ from, to: target.id, slots: rangesOf(part) });
      at += part.length;
      target.count -= part.length;
    }
  }
  return moves;
}
