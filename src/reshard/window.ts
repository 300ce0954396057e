import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";
import { weigh } from "./bandwidth.ts";
import { copied } from "./copied.ts";
import { type Lanes, over } from "./lanes.ts";
import { type Handover, migrateKeys } from "./migrate.ts";
import { tellOnceHeard } from "./once-heard.ts";
import { all, asKeys, inParts, setSlots, stable } from "./orders.ts";
import { takeOver } from "./take-over.ts";

/** Keys that are asked for with the opening of a slot; what is beyond them is asked for when they are gone. */
const FIRST_LOOK = 200;

/** Slots whose keys are asked for in one go: 64 of 61 keys each kept a Redis 7.0 from its clients for four milliseconds. */
const LOOKS_AT_ONCE = 8;

/** Two nodes, and those that are told when a slot has changed hands. */
export interface Pair {
  readonly sourceId: string;
  readonly targetId: string;
  readonly handover: Handover;
  /** What orders to one of them go over. */
  lanes(node: RedisConnection): Promise<Lanes>;
  /** Lets slots change hands or be closed; fails where another leads the source's shard by now, and was told of what is on its way. */
  turn(work: () => Promise<void>): Promise<void>;
  /** Tells the other primaries; what they do not hear now they hear from the target itself. */
  tell(slots: readonly number[]): Promise<void>;
}

/** A slot that both sides know to be on its way, with the first keys that it holds. */
export interface OpenSlot {
  readonly slot: number;
  /** Absent where nobody has asked. */
  readonly keys?: readonly string[];
}

/**
 * Opens slots: the target first, so that no client is sent to somebody who knows of nothing. From here on the source lets no
 * new key come into being in them, and sends those who ask for one that it has not to the target.
 */
export async function openSlots(
  slots: readonly number[],
  { sourceId, targetId, handover, lanes }: Pair,
): Promise<OpenSlot[]> {
  const { source, target, signal, sourceOwns } = handover;
  if (sourceOwns) {
    await over(await lanes(target), setSlots(slots, "IMPORTING", sourceId), signal);
    await over(await lanes(source), setSlots(slots, "MIGRATING", targetId), signal);
  }
  const looks = slots.map((slot) => getKeys(slot, FIRST_LOOK));
  const keys = await inParts(source, looks, LOOKS_AT_ONCE, signal);
  return slots.map((slot, index) => ({ slot, keys: asKeys(keys[index]) }));
}

/** Moves all keys of an open slot; `onKeys` hears how many went with each call. */
export async function drainSlot(
  { slot, keys }: OpenSlot,
  handover: Handover,
  onKeys: (keys: number) => void,
): Promise<void> {
  const { source, pace, bandwidth, signal } = handover;
  let asked = FIRST_LOOK;
  let found = keys;
  for (;;) {
    found ??= asKeys(await source.command(getKeys(slot, asked), { signal, bytes: true }));
    const sizes = bandwidth && (await weigh(found, source, signal));
    for (let at = 0; at < found.length; ) {
      const most = at + pace.keys;
      const end = bandwidth && sizes ? at + bandwidth.fitting(sizes.slice(at, most)) : most;
      const batch = found.slice(at, end);
      await bandwidth?.take(total(sizes?.slice(at, end)), signal);
      at = end;
      onKeys(await migrateKeys(batch, handover));
      const pause = pace.breatherMs();
      if (pause > 0) await sleep(pause, signal);
    }
    if (found.length < asked) break;
    await copied(handover);
    asked = Math.max(FIRST_LOOK, pace.keys * 4);
    found = undefined;
  }
  bandwidth?.emptied();
}

/**
 * Gives slots that hold no key any more to the target, once a replica of it has them, too: the target is told first, since only it can take them over; then the
 * source, which until then sends everybody to the target anyway; then the others. A target that was about to give the slot
 * away keeps that mark for as long as it holds keys of it (cluster.c, CLUSTER SETSLOT NODE), until it is told otherwise.
 */
export async function closeSlots(slots: readonly number[], pair: Pair, onKeys: (keys: number) => void): Promise<void> {
  const { handover, sourceId, targetId } = pair;
  const { source, target, signal } = handover;
  const counts = await all(
    source,
    slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]),
    signal,
  );
  const left = slots.filter((_, index) => counts[index] !== 0);
  for (const slot of left) await drainSlot({ slot }, handover, onKeys);
  await copied(handover);
  await pair.turn(async () => {
    await takeOver(slots, targetId, await pair.lanes(target), handover.sourceOwns ? sourceId : undefined, signal);
    await tellOnceHeard(slots, targetId, source, signal);
    if (!handover.sourceOwns) await all(target, stable(slots), signal);
  });
  await pair.tell(slots);
}

/**
 * Takes the marks off open slots of which no key has been moved; the others must keep them, or clients find half a slot. The
 * target is closed before it is counted: until then clients that want a new key are sent there with ASK.
 */
export async function abandonSlots(slots: readonly number[], pair: Pair): Promise<void> {
  await pair.turn(() => abandon(slots, pair));
}

async function abandon(slots: readonly number[], { handover, sourceId }: Pair): Promise<void> {
  const { source, target, signal, sourceOwns } = handover;
  // Where the target owns them already there is no way back.
  if (!sourceOwns) return;
  const count = () =>
    all(
      target,
      slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]),
      signal,
    );
  const before = await count();
  const empty = slots.filter((_, index) => before[index] === 0);
  await all(target, stable(empty), signal);
  const after = await count();
  const untouched = slots.filter((_, index) => after[index] === 0);
  const written = empty.filter((slot) => !untouched.includes(slot));
  await all(target, setSlots(written, "IMPORTING", sourceId), signal);
  await all(source, stable(untouched), signal);
}

function getKeys(slot: number, count: number): string[] {
  return ["CLUSTER", "GETKEYSINSLOT", String(slot), String(count)];
}

function total(sizes: readonly number[] = []): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
