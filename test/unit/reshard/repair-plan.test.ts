import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeView } from "../../../src/reshard/cluster-view.ts";
import { lostMarks } from "../../../src/reshard/lost-marks.ts";
import { repairOf } from "../../../src/reshard/repair-plan.ts";
import { type Holding, slotFaults } from "../../../src/reshard/slot-fault.ts";

const IDS = ["a", "b", "c"];
const SLOT = 7;

/** Whatever three primaries may say of one slot, also what contradicts itself; the others belong to `a`. */
const anyCluster = fc
  .array(
    fc.record({
      owner: fc.constantFrom("a", "b", "c", "dead", undefined),
      to: fc.constantFrom("a", "b", "c", "dead", undefined),
      from: fc.constantFrom("a", "b", "c", "dead", undefined),
      keys: fc.nat(3),
    }),
    { minLength: 3, maxLength: 3 },
  )
  .map((says) =>
    says.map(({ owner, to, from, keys }, index): Holding => {
      const mark = (id: string | undefined) => new Map(id === undefined ? [] : [[SLOT, id]]);
      return { view: view(IDS[index] ?? "", owner, mark(to), mark(from)), keys: new Map([[SLOT, keys]]) };
    }),
  );

function view(
  nodeId: string,
  owner: string | undefined,
  migrating: NodeView["migrating"],
  importing: NodeView["importing"],
): NodeView {
  const owners = Array.from({ length: 16_384 }, (_, slot) => (slot === SLOT ? owner : "a"));
  return { instance: nodeId, nodeId, primaryId: null, epoch: 1, lines: [], owners, migrating, importing };
}

describe("what mends slots", () => {
  it("never takes a slot from who claims it, but by a move that its owner has marked or has ended itself", () => {
    fc.assert(
      fc.property(anyCluster, (holdings) => {
        const { take, finish, gather } = repairOf(slotFaults(holdings));
        const claims = holdings.filter(({ view: { owners, nodeId } }) => owners[SLOT] === nodeId);
        const named = (id: string) => holdings.find(({ view: { instance } }) => instance === id)?.view;
        if (claims.length > 0) expect(take).toEqual([]);
        for (const { from, to } of finish) {
          expect(named(from)?.migrating.has(SLOT) || named(from)?.owners[SLOT] === to).toBe(true);
        }
        const ends = [...claims.map(({ view: { instance } }) => instance), ...finish.map(({ to }) => to)];
        const receivers = [...ends, ...take.map(({ instance }) => instance)];
        for (const { from, to } of gather) {
          expect(receivers).toContain(to);
          expect(from).not.toBe(to);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("tells of slots with the same fault between the same nodes in one line", () => {
    const fault = slotFaults([
      { view: view("a", "a", new Map(), new Map()), keys: new Map() },
      { view: view("b", "a", new Map(), new Map()), keys: new Map([[SLOT, 2]]) },
    ]);
    const twice = fault.flatMap((each) => [each, { ...each, slot: 8 }]);
    expect(repairOf(twice).story).toEqual(["slots 7-8: stray keys: bring what b holds to a"]);
  });
});

describe("marks that a takeover lost", () => {
  const source = view("new", "new", new Map(), new Map());
  it.each([
    ["is one that the target imports from the source before", [SLOT], "old"],
    ["is none that the target imports from this source", [], "new"],
    ["is none that the target does not import", [], undefined],
  ] as const)("%s", (_why, slots, from) => {
    const target = view("t", "old", new Map(), new Map(from === undefined ? [] : [[SLOT, from]]));
    expect(lostMarks([SLOT, 8], source, target)).toEqual(slots);
  });
});
