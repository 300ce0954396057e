import { joinRanges, SLOTS, type SlotRange } from "../topology/parse/slots.ts";

/** Every slot of some ranges, in order. */
export function slotsIn(ranges: readonly SlotRange[]): number[] {
  return joinRanges(ranges).flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}

/** The ranges that hold exactly these slots. */
export function rangesOf(slots: readonly number[]): SlotRange[] {
  return joinRanges(slots.map((slot) => [slot, slot]));
}

/** Reads `0-100,200`: slots by number and range. Undefined for anything else, also for a slot that there is not. */
export function parseSlotList(text: string): SlotRange[] | undefined {
  const ranges: SlotRange[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part);
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : Number(match[2]);
    if (!match || from > to || to >= SLOTS) return undefined;
    ranges.push([from, to]);
  }
  return joinRanges(ranges);
}
