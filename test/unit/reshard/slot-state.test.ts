import { describe, expect, it } from "vitest";
import type { NodeView } from "../../../src/reshard/cluster-view.ts";
import { stateOf } from "../../../src/reshard/slot-state.ts";
import { parseClusterNodes } from "../../../src/topology/parse/cluster-nodes.ts";

/** A node that has this one for the owner of slot 7, and may have it marked as coming or going. */
function node(
  nodeId: string,
  owner: string | undefined,
  marks: { migrating?: string; importing?: string } = {},
): NodeView {
  const owners = Array.from({ length: 16_384 }, (_, slot) => (slot === 7 ? owner : undefined));
  const mark = (to: string | undefined) => new Map(to === undefined ? [] : [[7, to]]);
  return {
    ...{ instance: `${nodeId}:7000`, nodeId, primaryId: null, epoch: 1, lines: [], owners },
    migrating: mark(marks.migrating),
    importing: mark(marks.importing),
  };
}

/** A target that took over from another, which follows it by now, and has not heard that the slot was its own. */
function after(old: string): NodeView {
  const lines = parseClusterNodes(`${old} 127.0.0.1:1@2 slave t 0 0 1 connected\n`);
  return { ...node("t", "s"), lines };
}

describe("how far the move of a slot has come", () => {
  it.each([
    ["to_move", "nothing has begun", node("s", "s"), node("t", "s")],
    ["to_move", "the target was told", node("s", "s"), node("t", "s", { importing: "s" })],
    ["to_move", "keys move", node("s", "s", { migrating: "t" }), node("t", "s", { importing: "s" })],
    ["to_move", "the new source of a failover lost its mark", node("s", "s"), node("t", "s", { importing: "old" })],
    ["half_closed", "only the target was told of the end", node("s", "s", { migrating: "t" }), node("t", "t")],
    ["half_closed", "only the source was told of the end", node("s", "t"), node("t", "s", { importing: "s" })],
    ["half_closed", "the source believes in who led the target's shard before", node("s", "old"), after("old")],
    ["half_closed", "the source has let go of it, and of who got it", node("s", undefined), node("t", "s")],
    ["elsewhere", "the source believes in a replica of somebody else", node("s", "old"), node("t", "s")],
    ["untold", "a mark is left at the source", node("s", "t", { migrating: "t" }), node("t", "t")],
    ["untold", "a mark is left at the target", node("s", "t"), node("t", "t", { importing: "s" })],
    ["untold", "the target is still to give it to the source", node("s", "t"), node("t", "t", { migrating: "s" })],
    ["done", "the target gives it to somebody else", node("s", "t"), node("t", "t", { migrating: "x" })],
    ["done", "all is said", node("s", "t"), node("t", "t")],
    ["other_way", "the way back had begun", node("s", "t", { importing: "t" }), node("t", "t", { migrating: "s" })],
    ["stale_target", "the target waits for a dead one", node("s", "s"), node("t", "dead", { importing: "dead" })],
    ["stale_source", "the source waits for a dead one", node("s", "dead", { importing: "dead" }), node("t", "t")],
    ["elsewhere", "somebody else has it", node("s", "x"), node("t", "x")],
    ["elsewhere", "news is on its way", node("s", "s"), node("t", "old")],
  ] as const)("is %s where %s", (state, _, source, target) => {
    expect(stateOf(7, source, target, [])).toBe(state);
  });

  it("is untold where another primary believes something else", () => {
    expect(stateOf(7, node("s", "t"), node("t", "t"), [node("x", "s")])).toBe("untold");
  });
});
