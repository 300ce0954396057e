/** First and last slot, both included. */
export type SlotRange = [number, number];

export const SLOTS = 16_384;

/** Ranges in order, with those that touch or overlap joined. */
export function joinRanges(ranges: readonly SlotRange[]): SlotRange[] {
  const joined: SlotRange[] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** What of 0..16383 the ranges leave out. */
export function missingRanges(ranges: readonly SlotRange[]): SlotRange[] {
  const missing: SlotRange[] = [];
  let next = 0;
  for (const [from, to] of joinRanges(ranges)) {
    if (from > next) missing.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next < SLOTS) missing.push([next, SLOTS - 1]);
  return missing;
}

export function countSlots(ranges: readonly SlotRange[]): number {
  return joinRanges(ranges).reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** `0-5460, 7000`. */
export function printRanges(ranges: readonly SlotRange[]): string {
  return ranges.map(printRange).join(", ");
}

export function printRange([from, to]: SlotRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}
