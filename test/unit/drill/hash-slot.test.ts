import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { slotOf, tagFor } from "../../../src/drill/hash-slot.ts";

describe("the slot of a key", () => {
  test("is the one that the Cluster specification gives", () => {
    // CRC16 of "123456789" is 0x31C3, by the specification.
    expect(slotOf("123456789")).toBe(0x31c3 % 16_384);
    // As CLUSTER KEYSLOT answers.
    expect([slotOf("foo"), slotOf("bar"), slotOf("")]).toEqual([12_182, 5_061, 0]);
  });

  test("can be chosen by a tag for whatever slots a shard has", () => {
    const range = fc
      .tuple(fc.nat(16_383), fc.nat(16_383))
      .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 4 }), (slots) => {
        const slot = slotOf(tagFor(slots) ?? "");
        expect(slots.some(([from, to]) => slot >= from && slot <= to)).toBe(true);
      }),
      { numRuns: 50 },
    );
    expect(tagFor([])).toBeUndefined();
  });
});
