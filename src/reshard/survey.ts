import type { RedisConnection } from "../connect/types.ts";
import { asKeys, inParts } from "./orders.ts";

/** A key that keeps its servers busy for long while it is moved. */
export interface BigKey {
  readonly slot: number;
  /** A character for each byte. */
  readonly key: string;
  readonly bytes: number;
}

/** What some slots of one node hold. */
export interface Survey {
  readonly keys: number;
  /** How many of them were looked at. */
  readonly sampled: number;
  /** By what the sampled ones take in memory. */
  readonly bytes: number;
  readonly bigKeys: readonly BigKey[];
}

/** Questions that go to a server at once: few enough that its clients do not notice, who waited for 500 by ten milliseconds. */
const AT_ONCE = 200;

/** So many, of so many slots, tell what keys weigh on average; only where all can be weighed are more of them worth the time. */
const ENOUGH = 2_000;
const ENOUGH_SLOTS = 500;

/**
 * Counts the keys of slots, and weighs them: all of them up to `samples`, beyond that two thousand or so, of slots that lie evenly
 * among the others. Reads only.
 */
export async function surveySlots(
  slots: readonly number[],
  connection: RedisConnection,
  samples: number,
  bigBytes: number,
  signal: AbortSignal,
): Promise<Survey> {
  const ask = (argvs: readonly string[][]) => inParts(connection, argvs, AT_ONCE, signal);
  const counts = (await ask(slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]))).map(Number);
  const keys = counts.reduce((sum, count) => sum + count, 0);
  const filled = slots.filter((_, index) => (counts[index] ?? 0) > 0);
  const most = Math.min(samples, ENOUGH);
  const [asked, weighed] = keys <= samples ? [filled, samples] : [evenly(filled, Math.min(most, ENOUGH_SLOTS)), most];
  const perSlot = Math.max(1, Math.floor(weighed / Math.max(asked.length, 1)));
  const listed = await ask(asked.map((slot) => ["CLUSTER", "GETKEYSINSLOT", String(slot), String(perSlot)]));
  const found = asked.flatMap((slot, index) => asKeys(listed[index]).map((key) => ({ slot, key })));
  const sizes = (await ask(found.map(({ key }) => ["MEMORY", "USAGE", key]))).map((size) => Number(size ?? 0));
  const sum = sizes.reduce((total, size) => total + size, 0);
  const bigKeys = found
    .map((each, index) => ({ ...each, bytes: sizes[index] ?? 0 }))
    .filter(({ bytes }) => bytes >= bigBytes);
  return {
    keys,
    sampled: found.length,
    bytes: found.length === 0 ? 0 : Math.round((sum / found.length) * keys),
    bigKeys,
  };
}

/** So many of them, with as many between one and the next as can be; all, where there are no more. */
function evenly(slots: readonly number[], count: number): readonly number[] {
  if (slots.length <= count) return slots;
  return Array.from({ length: count }, (_, index) => slots[Math.floor((index * slots.length) / count)] ?? 0);
}
