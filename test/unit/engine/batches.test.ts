import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchesOf } from "../../../src/engine/batches.ts";
import type { Rollout } from "../../../src/runbook/model.ts";

const rollout = (...batches: Rollout["batches"]): Rollout => ({ batches, maxFailures: 0, pauseBetweenMs: 0 });

describe("the batches of a rollout", () => {
  it("takes the targets one by one when serial is 1", () => {
    expect(batchesOf(["a", "b", "c"], rollout(1))).toEqual([["a"], ["b"], ["c"]]);
  });

  it("rounds a share up, so that 30% of three is one and never none", () => {
    expect(batchesOf(["a", "b", "c"], rollout({ percent: 30 }))).toEqual([["a"], ["b"], ["c"]]);
  });

  it("repeats the last size until every target is used", () => {
    expect(batchesOf([1, 2, 3, 4, 5, 6, 7], rollout(1, { percent: 50 }))).toEqual([[1], [2, 3, 4, 5], [6, 7]]);
  });

  it("takes all targets at once when serial is all", () => {
    expect(batchesOf([1, 2, 3], rollout("all"))).toEqual([[1, 2, 3]]);
  });

  it("makes no batch of no targets", () => {
    expect(batchesOf([], rollout("all"))).toEqual([]);
  });

  it("uses every target exactly once and in order, whatever the sizes", () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 9 }),
      fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
      fc.constant("all" as const),
    );
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(size, { minLength: 1, maxLength: 4 }), (targets, sizes) => {
        const batches = batchesOf(targets, rollout(...sizes));
        expect(batches.flat()).toEqual(targets);
        expect(batches.every((batch) => batch.length > 0)).toBe(true);
      }),
    );
  });
});
