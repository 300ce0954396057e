import { describe, expect, it } from "vitest";
import { checkFindings } from "../../../src/reshard/check-findings.ts";
import { type Holding, slotFaults } from "../../../src/reshard/slot-fault.ts";

const SLOT = 7;

interface Says {
  readonly owner?: string;
  readonly to?: string;
  readonly from?: string;
  readonly keys?: number;
  readonly replicaOf?: string;
}

/** A node of that id, which has somebody for the owner of slot 7; the other slots belong to `a`. */
function node(nodeId: string, { owner, to, from, keys, replicaOf }: Says = {}): Holding {
  const owners = Array.from({ length: 16_384 }, (_, slot) => (slot === SLOT ? owner : "a"));
  const mark = (id: string | undefined) => new Map(id === undefined ? [] : [[SLOT, id]]);
  return {
    view: {
      ...{ instance: nodeId.toUpperCase(), nodeId, primaryId: replicaOf ?? null, epoch: 1, lines: [], owners },
      migrating: mark(to),
      importing: mark(from),
    },
    keys: new Map(keys === undefined ? [] : [[SLOT, keys]]),
  };
}

describe("what is wrong with a slot", () => {
  it.each([
    ["in_progress", node("a", { owner: "a", to: "b", keys: 3 }), node("b", { owner: "a", from: "a", keys: 2 })],
    ["in_progress", node("a", { owner: "a", to: "b" }), node("b", { owner: "a", keys: 2 })],
    ["open_at_both", node("a", { owner: "a", to: "b" }), node("b", { owner: "a", from: "a" })],
    ["open_at_source", node("a", { owner: "a", to: "b" }), node("b", { owner: "a" })],
    ["open_at_target", node("a", { owner: "a" }), node("b", { owner: "a", from: "a" })],
    ["target_told", node("a", { owner: "a", to: "b" }), node("b", { owner: "b" })],
    ["source_told", node("a", { owner: "b" }), node("b", { owner: "a", from: "a" })],
    ["dead_end", node("a", { owner: "a", to: "gone" }), node("b", { owner: "a" })],
    ["dead_end", node("a", { owner: "a", to: "gone" }), node("b", { owner: "a", keys: 1 })],
    ["lost_mark", node("a", { owner: "a" }), node("b", { owner: "a", from: "old", keys: 2 })],
    ["stray_keys", node("a", { owner: "a" }), node("b", { owner: "a", keys: 2 })],
    ["needless_mark", node("a", { owner: "a", from: "b" }), node("b", { owner: "a" })],
    ["needless_mark", node("a", { owner: "a" }), node("b", { owner: "a", to: "a" })],
    ["replica_mark", node("a", { owner: "a" }), node("r", { owner: "a", from: "b", replicaOf: "a" })],
    ["two_owners", node("a", { owner: "a" }), node("b", { owner: "b" })],
    ["owner_down", node("a", { owner: "dead" }), node("b", { owner: "dead" })],
    ["nobody", node("a"), node("b")],
    ["news", node("a", { owner: "a" }), node("b", { owner: "dead" })],
  ] as const)("is %s", (fault, first, second) => {
    expect(slotFaults([first, second]).map((each) => each.fault)).toEqual([fault]);
  });

  it("is nothing where all agree and nothing lies about", () => {
    expect(slotFaults([node("a", { owner: "a" }), node("b", { owner: "a" })])).toEqual([]);
  });

  it("is mended towards the one that owns it, never by giving it to who holds more keys", () => {
    const [stray] = slotFaults([node("a", { owner: "a" }), node("b", { owner: "a", keys: 1_000 })]);
    expect(stray).toMatchObject({ owner: "A", finish: null, take: null, gather: { from: ["B"], to: "A" } });
  });

  it("goes on as a move where the owner has it marked, also to the successor of a target that died", () => {
    const [begun] = slotFaults([node("a", { owner: "a", to: "dead" }), node("b", { owner: "a", keys: 1 })]);
    expect(begun).toMatchObject({ finish: { from: "A", to: "B" }, gather: null });
  });

  it("goes on as a move, too, where its owner knows nothing of it and has taken no write since it took over", () => {
    const [owner, target] = [node("a", { owner: "a" }), node("b", { owner: "a", from: "old", keys: 2 })];
    const [lost] = slotFaults([{ ...owner, barred: true }, target]);
    expect(lost).toMatchObject({ fault: "lost_mark", finish: { from: "A", to: "B" }, gather: null });
    expect(slotFaults([owner, target])[0]).toMatchObject({ finish: null, gather: { from: ["B"], to: "A" } });
  });

  it("is taken by who holds its keys where it belongs to nobody, and by the one with least where nobody does", () => {
    expect(slotFaults([node("a"), node("b", { keys: 4 })])[0]).toMatchObject({ take: "B", gather: null });
    expect(slotFaults([node("a"), node("b")])[0]).toMatchObject({ take: "B" });
    expect(slotFaults([node("a", { keys: 9 }), node("b", { keys: 4 })])[0]).toMatchObject({
      ...{ take: "A", gather: { from: ["B"], to: "A" } },
    });
  });

  it("is taken again by whom all others hold to be the owner, and who does not know of it any more", () => {
    const [lost] = slotFaults([node("a"), node("b", { owner: "a" }), node("c", { owner: "a", keys: 2 })]);
    expect(lost).toMatchObject({ fault: "nobody", take: "A", gather: { from: ["C"], to: "A" } });
  });

  it("is left alone where its owner is down or two claim it", () => {
    const nothing = { finish: null, take: null, close: [], gather: null };
    expect(slotFaults([node("a", { owner: "dead" }), node("b", { owner: "dead" })])[0]).toMatchObject(nothing);
    expect(slotFaults([node("a", { owner: "a" }), node("b", { owner: "b" })])[0]).toMatchObject(nothing);
  });
});

describe("what a check finds", () => {
  it("tells of slots with the same fault between the same nodes once, with the keys that no client finds", () => {
    const found = checkFindings([node("a", { owner: "a" }), node("b", { owner: "a", keys: 2 })], []);
    expect(found).toMatchObject([{ id: "slot_stray_keys", severity: "critical", subject: "B" }]);
    expect(found[0]?.message).toContain("Slot 7 (A and B), 2 keys with B");
  });

  it("tells of a bus port that other hosts cannot reach, and not of one that nobody could try", () => {
    const way = { from: "r2", instance: "a", port: 17_000 };
    const ids = checkFindings(
      [],
      [
        { ...way, answer: "silent" },
        { ...way, instance: "b", answer: "unknown" },
        { ...way, instance: "c", answer: "open" },
      ],
    ).map(({ id, subject }) => `${id} ${subject}`);
    expect(ids).toEqual(["bus_port_closed a"]);
  });
});
