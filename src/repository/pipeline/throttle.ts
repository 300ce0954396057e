import { Transform } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

/** A limit in bytes per second for all streams that share it. */
export class Throttle {
  readonly #bytesPerMs: number;
  #freeAt = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
  }

  /** A stream that lets bytes pass no faster than the limit, counted together with all its sisters. */
  stream(): Transform {
    const closed = new AbortController();
    const take = (bytes: number) => this.#take(bytes, closed.signal);
    return new Transform({
      transform(chunk: Buffer, _, callback) {
        take(chunk.length).then(
          () => callback(null, chunk),
          // Destroyed while it waited: nobody listens any more.
          () => callback(),
        );
      },
      destroy(error, callback) {
        closed.abort();
        callback(error);
      },
    });
  }

  /** Waits for the turn of these bytes; they use up the time that comes after it. */
  async #take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const turn = Math.max(now, this.#freeAt);
    this.#freeAt = turn + bytes / this.#bytesPerMs;
    if (turn > now) await delay(turn - now, undefined, { signal });
  }
}
