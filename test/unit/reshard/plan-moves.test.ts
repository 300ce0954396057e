import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterMoves,
  countOf,
  type Move,
  type Owner,
  planByCount,
  planByList,
  planByWeight,
} from "../../../src/reshard/plan-moves.ts";
import { rangesOf, slotsIn } from "../../../src/reshard/slot-list.ts";
import { countSlots, SLOTS } from "../../../src/topology/parse/slots.ts";

/** Any cluster: up to six primaries, every slot owned once, some of them in tatters, some primaries empty. */
const clusters: fc.Arbitrary<Owner[]> = fc
  .record({
    cuts: fc.uniqueArray(fc.nat({ max: SLOTS - 1 }), { maxLength: 12 }),
    primaries: fc.integer({ min: 1, max: 6 }),
    dealt: fc.array(fc.nat({ max: 5 }), { minLength: 14, maxLength: 14 }),
  })
  .map(({ cuts, primaries, dealt }) => {
    const edges = [0, ...cuts.filter((cut) => cut > 0).sort((a, b) => a - b), SLOTS];
    const owned: [number, number][][] = Array.from({ length: primaries }, () => []);
    for (const [index, from] of edges.slice(0, -1).entries()) {
      owned[(dealt[index] ?? 0) % primaries]?.push([from, (edges[index + 1] ?? SLOTS) - 1]);
    }
    return owned.map((slots, index) => ({ id: `p${index + 1}`, slots }));
  });

const ids = (owners: readonly Owner[]) => owners.map(({ id }) => id);
const owned = (owners: readonly Owner[]) => owners.map(({ slots }) => countSlots(slots));

function expectSound(owners: readonly Owner[], moves: readonly Move[]): void {
  for (const { from, to, slots } of moves) {
    const holder = owners.find(({ id }) => id === from);
    const held = new Set(slotsIn(holder?.slots ?? []));
    expect(from).not.toBe(to);
    expect(slots.length).toBeGreaterThan(0);
    expect(slotsIn(slots).every((slot) => held.has(slot))).toBe(true);
  }
  const later = afterMoves(owners, moves).flatMap(({ slots }) => slotsIn(slots));
  expect(later).toHaveLength(SLOTS);
  expect(new Set(later).size).toBe(SLOTS);
}

describe("moving so many slots", () => {
  it("moves exactly as many as asked for, from each source in proportion, to each target alike", () => {
    fc.assert(
      fc.property(clusters, fc.nat({ max: SLOTS }), fc.integer({ min: 1, max: 6 }), (owners, count, targets) => {
        const to = ids(owners).slice(0, Math.min(targets, owners.length));
        const moves = planByCount(owners, ids(owners), to, count);
        const givers = owners.filter(({ id }) => !to.includes(id));
        const total = Math.min(
          count,
          owned(givers).reduce((sum, each) => sum + each, 0),
        );
        expectSound(owners, moves);
        expect(countOf(moves)).toBe(total);
        const all = owned(givers).reduce((sum, each) => sum + each, 0);
        for (const { id, slots } of givers) {
          const gives = countOf(moves.filter(({ from }) => from === id));
          expect(Math.abs(gives - (total * countSlots(slots)) / Math.max(all, 1))).toBeLessThan(1);
        }
        const gets = to.map((id) => countOf(moves.filter((move) => move.to === id)));
        expect(Math.max(...gets) - Math.min(...gets)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("plans the same every time", () => {
    fc.assert(
      fc.property(clusters, fc.nat({ max: SLOTS }), (owners, count) => {
        const plan = () => planByCount(owners, ids(owners), ["p1"], count);
        expect(plan()).toEqual(plan());
      }),
    );
  });
});

describe("moving these very slots", () => {
  it("moves all of them that the target does not own yet, and no other", () => {
    fc.assert(
      fc.property(clusters, fc.uniqueArray(fc.nat({ max: SLOTS - 1 }), { maxLength: 300 }), (owners, wanted) => {
        const moves = planByList(owners, rangesOf(wanted), "p1");
        const has = new Set(slotsIn(owners[0]?.slots ?? []));
        expectSound(owners, moves);
        expect(moves.flatMap(({ slots }) => slotsIn(slots)).sort((a, b) => a - b)).toEqual(
          wanted.filter((slot) => !has.has(slot)).sort((a, b) => a - b),
        );
      }),
    );
  });
});

describe("sharing slots out by weight", () => {
  const weights = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 5, noNaN: true })), {
    minLength: 6,
    maxLength: 6,
  });

  it("gives everybody the share due, to a slot, and moves no slot that could stay", () => {
    fc.assert(
      fc.property(clusters, weights, (owners, given) => {
        const weightOf = new Map(ids(owners).map((id, index) => [id, given[index] ?? 1]));
        const sum = [...weightOf.values()].reduce((total, each) => total + each, 0);
        fc.pre(sum > 0);
        const moves = planByWeight(owners, weightOf, 0);
        const later = afterMoves(owners, moves);
        expectSound(owners, moves);
        for (const { id, slots } of later) {
          expect(Math.abs(countSlots(slots) - (SLOTS * (weightOf.get(id) ?? 0)) / sum)).toBeLessThan(1);
        }
        // Nobody both gives and gets: what anybody gives is what it has too many.
        const givers = new Set(moves.map(({ from }) => from));
        expect(moves.every(({ to }) => !givers.has(to))).toBe(true);
      }),
    );
  });

  it("comes to rest: what was balanced stays where it is", () => {
    fc.assert(
      fc.property(clusters, weights, (owners, given) => {
        const weightOf = new Map(ids(owners).map((id, index) => [id, given[index] ?? 1]));
        fc.pre([...weightOf.values()].some((weight) => weight > 0));
        const later = afterMoves(owners, planByWeight(owners, weightOf, 0));
        expect(planByWeight(later, weightOf, 0)).toEqual([]);
      }),
    );
  });

  it("leaves alone what is within the threshold, but never somebody who is to be empty or has nothing", () => {
    const owners: Owner[] = [
      { id: "a", slots: [[0, 8291]] },
      { id: "b", slots: [[8292, SLOTS - 1]] },
      { id: "c", slots: [] },
    ];
    const [a, b] = owners.slice(0, 2);
    expect(planByWeight(a && b ? [a, b] : [], new Map(), 2)).toEqual([]);
    expect(countOf(planByWeight(a && b ? [a, b] : [], new Map(), 1))).toBe(100);
    expect(countOf(planByWeight(owners, new Map(), 2))).toBe(5461);
    expect(countOf(planByWeight(a && b ? [a, b] : [], new Map([["b", 0]]), 99))).toBe(8092);
  });
});
