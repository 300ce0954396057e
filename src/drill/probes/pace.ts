import { setTimeout as sleep } from "node:timers/promises";

/** Holds a client to its rate. Time that an outage took is not made up for: no burst follows it. */
export class Pace {
  readonly #periodMs: number;
  readonly #retryMs: number;
  #due = performance.now();

  constructor(perSecond: number, retryMs: number) {
    this.#periodMs = 1_000 / perSecond;
    this.#retryMs = retryMs;
  }

  /** Waits for the next turn; at least a moment after a failure. */
  async turn(failed: boolean): Promise<void> {
    const now = performance.now();
    this.#due = Math.max(this.#due + this.#periodMs, now - this.#periodMs, failed ? now + this.#retryMs : 0);
    const wait = this.#due - now;
    // A timer of less than a millisecond takes one nevertheless; the next turn is due the earlier.
    if (wait >= 0.5) await sleep(wait);
    else await sleep(0);
  }
}
