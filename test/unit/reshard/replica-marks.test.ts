import { describe, expect, it } from "vitest";
import type { NodeView } from "../../../src/reshard/cluster-view.ts";
import { replicaMarks } from "../../../src/reshard/replica-marks.ts";

/** A node that follows another, or nobody, with marks of these slots. */
function view(nodeId: string, primaryId: string | null, going: number[] = [], coming: number[] = []): NodeView {
  const marks = (slots: number[]) => new Map(slots.map((slot) => [slot, "other"]));
  const unused = { epoch: 1, lines: [], owners: [] };
  return { instance: `${nodeId}:1`, nodeId, primaryId, migrating: marks(going), importing: marks(coming), ...unused };
}

describe("marks that are left at replicas", () => {
  it("are those of slots that moved, by the primary that can have them taken off", () => {
    const views = [view("a", null), view("b", "a", [1], [2, 9]), view("c", null), view("d", "c")];
    expect(replicaMarks([1, 2, 3], views)).toEqual([{ leader: views[0], slots: [1, 2] }]);
  });

  it("are none where the primary has them itself, or does not answer", () => {
    expect(replicaMarks([1], [view("a", null, [1]), view("b", "a", [1])])).toEqual([]);
    expect(replicaMarks([1], [view("b", "a", [1])])).toEqual([]);
  });
});
