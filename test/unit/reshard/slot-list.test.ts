import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSlotList, rangesOf, slotsIn } from "../../../src/reshard/slot-list.ts";
import { SLOTS } from "../../../src/topology/parse/slots.ts";

describe("a list of slots", () => {
  it("reads back what any slots are written as", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: SLOTS - 1 }), { minLength: 1, maxLength: 200 }), (slots) => {
        const sorted = [...slots].sort((a, b) => a - b);
        const ranges = rangesOf(slots);
        const text = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
        expect(parseSlotList(text)).toEqual(ranges);
        expect(slotsIn(ranges)).toEqual(sorted);
      }),
    );
  });

  it.each(["", "1,", "5-3", "-1", "16384", "0-16384", "a", "1 2", "1--2"])("refuses %j", (text) => {
    expect(parseSlotList(text)).toBeUndefined();
  });
});
