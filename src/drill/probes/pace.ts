import { setTimeout as sleep } from "node:timers/promises";

/** Least time between two attempts that failed at once: 100 a second find the end of an outage to 10 ms. */
const AFTER_FAILURE_MS = 10;

/** Holds a client to its rate. Time that an outage took is not made up for: no burst follows it. */
export class Pace {
  readonly #periodMs: number;
  #due = performance.now();

  constructor(perSecond: number) {
    this.#periodMs = 1_000 / perSecond;
  }

  /** Waits for the next turn; at least a moment after a failure. */
  async turn(failed: boolean): Promise<void> {
    const now = performance.now();
    this.#due = Math.max(this.#due + this.#periodMs, now - this.#periodMs, failed ? now + AFTER_FAILURE_MS : 0);
    const wait = this.#due - now;
    // A timer of less than a millisecond takes one nevertheless; the next turn is due the earlier.
    if (wait >= 0.5) await sleep(wait);
    else await sleep(0);
  }
}
