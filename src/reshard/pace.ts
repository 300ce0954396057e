/** Keys of one MIGRATE, at most: beyond that its reply and its buffers grow, and nothing is gained. */
const MOST_KEYS = 1_000;

/** Before anything is known of the keys. */
const FIRST_KEYS = 16;

/** Calls that are on their way to one source at once, at most. */
const MOST_CALLS = 8;

/** Of the limit, what the line of a source may take: a client that is sent on waits at the target, too, where others send to. */
const SOURCE_SHARE = 1 / 3;

/** So many calls are sent behind another one whatever the way, to learn what of it the source itself waits for. */
const TRIALS = 8;

/**
 * How many keys go with one MIGRATE, and how many of those are on their way at once. While a server moves keys it serves
 * nobody, and what waits in one connection's buffer it does in one go: so all calls on their way together are to take no
 * longer than a third of the limit. How long a key takes is measured as it goes.
 */
export class Pace {
  readonly #limitMs: number;
  readonly #wayMs: number;
  readonly #now: () => number;
  /** Calls that stood at the source already when it answered the one before, and the time from one answer to the next. */
  #stood = 0;
  #stoodMs = 0;
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
    this.#wayMs = wayMs;
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
      if (answered) this.#learn(keys, busyMs, now - busyMs > sent);
      for (const wake of this.#waiting.splice(0)) wake();
    };
  }

  /** How long to let clients have the server to themselves: where even one key takes longer than the limit. */
  breatherMs(): number {
    const ms = this.#msPerKey ?? 0;
    return ms > this.#limitMs ? Math.min(ms * 2, 5_000) : 0;
  }

  #mayGo(keys: number): boolean {
    if (this.#calls === 0 || (this.#calls === 1 && this.#stood < TRIALS)) return true;
    const waitsMs = (this.#calls + 1) * this.#waitMs();
    const busyMs = (this.#keysOut + keys) * (this.#msPerKey ?? 0);
    return this.#calls < MOST_CALLS && waitsMs + busyMs <= this.#limitMs * SOURCE_SHARE;
  }

  /** How long the source waits for its target in each call. Answers may come two at a time: only their mean says something. */
  #waitMs(): number {
    return this.#stood < TRIALS ? this.#wayMs / 2 : Math.min(this.#wayMs / 2, this.#stoodMs / this.#stood);
  }

  /** `stood`: the way from here is not in the time that it took. */
  #learn(keys: number, busyMs: number, stood: boolean): void {
    if (stood) {
      this.#stood += 1;
      this.#stoodMs += busyMs;
    }
    const ofKeysMs = Math.max(busyMs - (stood ? this.#waitMs() : this.#wayMs), 0);
    const ms = ofKeysMs / keys;
    const known = this.#msPerKey ?? ms;
    // What is slow counts soon, what is quick is believed little by little.
    this.#msPerKey = ms > known ? (known + ms) / 2 : known * 0.8 + ms * 0.2;
    const fitting = Math.floor(this.#limitMs / 2 / Math.max(this.#msPerKey, 1e-4));
    // One that was quick is followed by a larger one, or a while in which all were slow would be remembered for long. Fewer keys
    // do not shorten the way: where that alone takes longer than the limit, keys may take half as long as it does.
    const roomy = ofKeysMs <= Math.max(this.#limitMs, this.#wayMs) / 2 ? this.#keys * 2 : 1;
    this.#keys = Math.max(1, Math.min(Math.max(fitting, roomy), this.#keys * 2, MOST_KEYS));
  }
}
