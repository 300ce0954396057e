import { constants } from "node:os";
import { Transform, type TransformCallback } from "node:stream";
import type { Ending } from "../session/launcher.ts";

/**
 * Takes the wrapper's last line out of standard error. ssh ends with 255 both where a command did and where the
 * connection broke, and tells nothing of signals; only this line shows that a command came to its end, and how.
 */
export class ExitMarker extends Transform {
  /** Undefined until the command has ended. */
  ending: Ending | undefined;
  readonly #marker: string;
  #held = Buffer.alloc(0);

  constructor(token: string) {
    super();
    this.#marker = `${token} exit `;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, callback: TransformCallback): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    const start = this.#held.indexOf(this.#marker);
    const end = start < 0 ? -1 : this.#held.indexOf("\n", start);
    if (end >= 0) {
      this.ending = endingOf(Number(this.#held.toString("latin1", start + this.#marker.length, end)));
      this.#release(start, end + 1);
    } else {
      const safe = start < 0 ? this.#held.length - beginnings(this.#held, this.#marker) : start;
      this.push(this.#held.subarray(0, safe));
      this.#held = this.#held.subarray(safe);
    }
    callback();
  }

  override _flush(callback: TransformCallback): void {
    this.#release(this.#held.length, this.#held.length);
    callback();
  }

  #release(start: number, end: number): void {
    this.push(Buffer.concat([this.#held.subarray(0, start), this.#held.subarray(end)]));
    this.#held = Buffer.alloc(0);
  }
}

/** How many bytes at the end of `data` may be the beginning of `marker`. */
function beginnings(data: Buffer, marker: string): number {
  const longest = Math.min(data.length, marker.length - 1);
  for (let length = longest; length > 0; length -= 1) {
    if (data.toString("latin1", data.length - length) === marker.slice(0, length)) return length;
  }
  return 0;
}

/** A shell shows a signal as 128 and its number. */
function endingOf(status: number): Ending {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return signal ? { code: null, signal } : { code: status, signal: null };
}
