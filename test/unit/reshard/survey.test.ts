import { describe, expect, it } from "vitest";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { surveySlots } from "../../../src/reshard/survey.ts";

const signal = new AbortController().signal;

/** A primary with so many keys in each slot, each of so many bytes as its slot is high, that notes which slots it is asked for keys of. */
function primaryOf(keysPerSlot: number) {
  const listed: number[] = [];
  const answer = ([, what = "", slot = "", count = ""]: string[]) => {
    if (what === "COUNTKEYSINSLOT") return keysPerSlot;
    if (what === "USAGE") return Number(slot.split(":")[0]);
    listed.push(Number(slot));
    return Array.from({ length: Math.min(Number(count), keysPerSlot) }, (_, index) => `${slot}:${index}`);
  };
  const node = { pipeline: async (orders: string[][]) => orders.map(answer) };
  return { node: node as unknown as RedisConnection, listed };
}

const SLOTS = Array.from({ length: 4_000 }, (_, slot) => slot);

describe("surveying slots", () => {
  it("weighs every key where there are few", async () => {
    const { node, listed } = primaryOf(2);
    const survey = await surveySlots(SLOTS, node, 50_000, 3_999, signal);
    expect(listed).toEqual(SLOTS);
    expect({ ...survey, bigKeys: survey.bigKeys.map(({ key }) => key) }).toEqual({
      ...{ keys: 8_000, sampled: 8_000, bytes: 15_996_000 },
      bigKeys: ["3999:0", "3999:1"],
    });
  });

  it("weighs two thousand of many, of slots that lie evenly among the others", async () => {
    const { node, listed } = primaryOf(50);
    const { keys, sampled, bytes } = await surveySlots(SLOTS, node, 50_000, 1e6, signal);
    expect({ keys, sampled }).toEqual({ keys: 200_000, sampled: 2_000 });
    expect(listed).toEqual(Array.from({ length: 500 }, (_, index) => index * 8));
    // All keys of a slot weigh as much as its number.
    expect(bytes / (200_000 * 1_999.5)).toBeCloseTo(1, 2);
  });

  it("weighs no more than it is told to", async () => {
    const { node, listed } = primaryOf(50);
    const { sampled } = await surveySlots(SLOTS, node, 100, 1e6, signal);
    expect({ sampled, slots: listed.length }).toEqual({ sampled: 100, slots: 100 });
  });
});
