import { describe, expect, it } from "vitest";
import type { NodeView } from "../../../src/reshard/cluster-view.ts";
import { Shards } from "../../../src/reshard/shards.ts";

const MOVES = [{ from: "a", to: "b", slots: [[3, 5]] satisfies [number, number][] }];

/** What a node says that follows another, or nobody; where it is a primary, also the slot that it owns. */
function view(instance: string, follows: string | null = null, epoch = 1, slot = 9): NodeView {
  const owners: string[] = [];
  owners[slot] = `id-${instance}`;
  const unused = { lines: [], owners, migrating: new Map(), importing: new Map() };
  return { instance, nodeId: `id-${instance}`, primaryId: follows && `id-${follows}`, epoch, ...unused };
}

const PLANNED = [
  ["a", "a1"],
  ["b", "b1"],
];
const ASIS = [view("a"), view("a1", "a"), view("b"), view("b1", "b"), view("c"), view("c1", "c")];

/** As it is, but for some. */
function but(...others: NodeView[]): NodeView[] {
  return ASIS.map((each) => others.find(({ instance }) => instance === each.instance) ?? each);
}

function without(names: readonly string[], views: readonly NodeView[]): NodeView[] {
  return views.filter(({ instance }) => !names.includes(instance));
}

describe("the members of a shard", () => {
  it("are those of the plan while nobody comes or goes", () => {
    const shards = new Shards(PLANNED, MOVES);
    expect(shards.learn(ASIS)).toEqual([]);
    expect(shards.named("a").members).toEqual(["a", "a1"]);
    expect(shards.of("c1")).toBeUndefined();
  });

  it("stay the same at a failover between them", () => {
    const shards = new Shards(PLANNED, MOVES);
    expect(shards.learn(but(view("a", "a1"), view("a1", null, 7)))).toEqual([]);
    expect(shards.named("a")).toBe(shards.of("a1"));
  });

  it("are joined by a replica that nobody of them knew", () => {
    const shards = new Shards(PLANNED, MOVES);
    expect(shards.learn(but(view("c1", "a")))).toEqual([{ instance: "c1", from: undefined, to: shards.named("a") }]);
    expect(shards.named("a").members).toEqual(["a", "a1", "c1"]);
    expect(shards.learn(but(view("c1", "a")))).toEqual([]);
  });

  it("lose one that follows somebody else while another of them leads", () => {
    const shards = new Shards(PLANNED, MOVES);
    const [from, to] = [shards.named("a"), shards.named("b")];
    expect(shards.learn(but(view("a1", "b")))).toEqual([{ instance: "a1", from, to }]);
    expect([from.members, to.members]).toEqual([["a"], ["b", "b1", "a1"]]);
    expect(shards.learn(but(view("a1", "c")))).toEqual([{ instance: "a1", from: to, to: undefined }]);
    expect(shards.of("a1")).toBeUndefined();
  });

  it("lose also the primary of before that came back to somebody else, by whose name moves still mean the others", () => {
    const shards = new Shards(PLANNED, MOVES);
    shards.learn(but(view("a", "b"), view("a1", null, 7)));
    expect(shards.named("a").members).toEqual(["a1"]);
    expect(shards.of("a")).toBe(shards.named("b"));
  });

  it("stay where nobody of them leads and they follow who got their last slot", () => {
    const shards = new Shards(PLANNED, MOVES);
    expect(shards.learn(but(view("a", "b"), view("a1", "b")))).toEqual([]);
    expect(shards.named("a").members).toEqual(["a", "a1"]);
  });

  it("are joined by who took over from them, whom one of them follows", () => {
    const shards = new Shards(PLANNED, MOVES);
    const now = without(["a"], but(view("c1", null, 9, 4), view("a1", "c1")));
    expect(shards.learn(now)).toEqual([{ instance: "c1", from: undefined, to: shards.named("a") }]);
    expect(shards.learn(now)).toEqual([]);
    expect(shards.named("a").members).toEqual(["a", "a1", "c1"]);
  });

  it("are not joined by who has none of its slots, to whom one of them was given while nobody led", () => {
    const shards = new Shards(PLANNED, MOVES);
    expect(shards.learn(without(["a"], but(view("a1", "c"))))).toEqual([]);
    expect(shards.named("a").members).toEqual(["a", "a1"]);
  });

  it("are nobody else's where one follows who does not answer", () => {
    const shards = new Shards(PLANNED, MOVES);
    expect(shards.learn(without(["a", "b"], but(view("a1", "b"))))).toEqual([]);
  });
});
