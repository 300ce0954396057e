import type { OpenSlot, Pair } from "./window.ts";
import { abandonSlots, closeSlots, drainSlots, openSlots } from "./window.ts";

/** Slots that are open at once: enough that no round trip is waited for, few enough to be soon mended after a failover. */
const WINDOW = 32;

/** What is told while slots move. */
export interface Told {
  onKeys(keys: number): void;
  onSlots(slots: readonly number[]): void;
  /** No further slot is to be opened. */
  stopAsked(): boolean;
}

/**
 * Moves slots from one node to another, window by window: while the keys of one window move, the next one is opened and the
 * last one closed. Where that fails, slots of which nothing has moved yet are closed again; the first failure is thrown.
 */
export async function movePair(slots: readonly number[], pair: Pair, told: Told): Promise<void> {
  const windows = windowsOf(slots);
  const open = new Set<number>();
  let closing: Promise<void> = Promise.resolve();
  const start = (window: readonly number[] | undefined): Promise<OpenSlot[]> | undefined => {
    if (!window || told.stopAsked()) return undefined;
    for (const slot of window) open.add(slot);
    return kept(openSlots(window, pair));
  };
  const finish = async (window: readonly number[]) => {
    await closeSlots(window, pair, told.onKeys);
    for (const slot of window) open.delete(slot);
    told.onSlots(window);
  };
  let next = start(windows.shift());
  try {
    while (next) {
      const window = await next;
      next = start(windows.shift());
      await drainSlots(window, pair.handover, told.onKeys);
      await closing;
      closing = kept(finish(window.map(({ slot }) => slot)));
    }
    await closing;
  } catch (error) {
    await Promise.allSettled([next, closing]);
    await abandonSlots([...open], pair).catch(() => undefined);
    throw error;
  }
}

/** The same promise, whose failure may be looked at later. */
function kept<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function windowsOf(slots: readonly number[]): (readonly number[])[] {
  const count = Math.ceil(slots.length / WINDOW);
  return Array.from({ length: count }, (_, index) => slots.slice(index * WINDOW, (index + 1) * WINDOW));
}
