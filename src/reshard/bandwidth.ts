import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";

/** What goes with one call, at most, by the time that it uses up: so that a line that is shared is never taken for long. */
const CALL_MS = 100;

/** Slots that are begun with, before it is known how much is in them. */
const FIRST_SLOTS = 8;

/**
 * Keeps all movers of a run together to so many bytes per second. Bytes are counted as keys take memory: what goes over the
 * line for them is seldom more, and never has to be serialized to be known.
 */
export class Bandwidth {
  readonly bytesPerSecond: number;
  readonly #now: () => number;
  #taken = 0;
  #emptied = 0;
  #freeAt = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.bytesPerSecond = bytesPerSecond;
    this.#now = now;
  }

  /** How many of these keys, from the first on, are to go with one call: at least one, however large it is. */
  fitting(sizes: readonly number[]): number {
    const most = (this.bytesPerSecond * CALL_MS) / 1_000;
    let count = 0;
    let bytes = 0;
    for (const size of sizes) {
      bytes += size;
      if (count > 0 && bytes > most) break;
      count += 1;
    }
    return count;
  }

  /** Tells of a slot whose keys have all gone. */
  emptied(): void {
    this.#emptied += 1;
  }

  /** How many slots are worth a call, `most` at most: about what goes in a second, by those that went before. */
  slotsAtOnce(most: number): number {
    if (this.#emptied === 0) return Math.min(FIRST_SLOTS, most);
    return Math.min(Math.max(Math.round((this.bytesPerSecond * this.#emptied) / Math.max(this.#taken, 1)), 1), most);
  }

  /** Waits for the turn of these bytes, which use up the time that comes after it. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#now();
    const turn = Math.max(now, this.#freeAt);
    this.#taken += bytes;
    this.#freeAt = turn + (bytes / this.bytesPerSecond) * 1_000;
    if (turn > now) await sleep(turn - now, signal);
  }
}

/** What keys take in the memory of who holds them; one that is gone by then takes nothing, and is answered with ASK. */
export async function weigh(keys: readonly string[], source: RedisConnection, signal: AbortSignal): Promise<number[]> {
  if (keys.length === 0) return [];
  const sizes = await source.pipeline(
    keys.map((key) => ["MEMORY", "USAGE", key]),
    { signal, bytes: true },
  );
  return sizes.map((size) => (typeof size === "number" ? size : 0));
}
