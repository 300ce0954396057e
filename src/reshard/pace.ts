/** Keys of one MIGRATE, at most: beyond that its reply and its buffers grow, and nothing is gained. */
const MOST_KEYS = 1_000;

/** Before anything is known of the keys. */
const FIRST_KEYS = 16;

/** Calls that are on their way to one source at once, at most. */
const MOST_CALLS = 8;

/**
 * How many keys go with one MIGRATE, and how many of those are on their way at once. While a server moves keys it serves
 * nobody, and what waits in one connection's buffer it does in one go: so all calls on their way together are to take no
 * longer than the limit. How long a key takes is measured as it goes.
 */
export class Pace {
  readonly #limitMs: number;
  readonly #wayMs: number;
  readonly #now: () => number;
  #msPerKey: number | undefined;
  #keys = FIRST_KEYS;
  #keysOut = 0;
  #calls = 0;
  #lastReply = Number.NEGATIVE_INFINITY;
  #longestMs = 0;
  readonly #waiting: (() => void)[] = [];

  /** `wayMs`: the round trips of a call, from here to the source and from there to the target, which are no matter of its keys. */
  constructor(limitMs: number, wayMs = 0, now: () => number = () => performance.now()) {
    this.#limitMs = limitMs;
    this.#wayMs = Math.min(wayMs, limitMs);
    this.#now = now;
  }

  /** Keys for the next call. */
  get keys(): number {
    return this.#keys;
  }

  /** The longest that one call had the server busy, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Waits until a call with so many keys may be sent. Gives what to call with how it ended: true where it was answered. */
  async enter(keys: number): Promise<(answered: boolean) => void> {
    while (!this.#mayGo(keys)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#keysOut += keys;
    this.#calls += 1;
    const sent = this.#now();
    return (answered) => {
      const now = this.#now();
      // The server takes one after the other: it began with this one when it had answered the last.
      const busyMs = now - Math.max(sent, this.#lastReply);
      this.#lastReply = now;
      this.#keysOut -= keys;
      this.#calls -= 1;
      this.#longestMs = Math.max(this.#longestMs, busyMs);
      if (answered) this.#learn(keys, busyMs);
      for (const wake of this.#waiting.splice(0)) wake();
    };
  }

  /** How long to let clients have the server to themselves: where even one key takes longer than the limit. */
  breatherMs(): number {
    const ms = this.#msPerKey ?? 0;
    return ms > this.#limitMs ? Math.min(ms * 2, 5_000) : 0;
  }

  #mayGo(keys: number): boolean {
    if (this.#calls === 0) return true;
    // For each call the source waits for its target; the other half is the way from here.
    const waitsMs = ((this.#calls + 1) * this.#wayMs) / 2;
    const busyMs = (this.#keysOut + keys) * (this.#msPerKey ?? 0);
    return this.#calls < MOST_CALLS && waitsMs + busyMs <= this.#limitMs;
  }

  #learn(keys: number, busyMs: number): void {
    const ofKeysMs = Math.max(busyMs - this.#wayMs, 0);
    const ms = ofKeysMs / keys;
    const known = this.#msPerKey ?? ms;
    // What is slow counts soon, what is quick is believed little by little.
    this.#msPerKey = ms > known ? (known + ms) / 2 : known * 0.8 + ms * 0.2;
    const fitting = Math.floor(this.#limitMs / 2 / Math.max(this.#msPerKey, 1e-4));
    // One that was quick is followed by a larger one, or a while in which all were slow would be remembered for long.
    const roomy = ofKeysMs <= this.#limitMs / 2 ? this.#keys * 2 : 1;
    this.#keys = Math.max(1, Math.min(Math.max(fitting, roomy), this.#keys * 2, MOST_KEYS));
  }
}
