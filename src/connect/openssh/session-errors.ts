import { constants } from "node:os";
import { Transform, type TransformCallback } from "node:stream";
import type { Ending } from "../session/launcher.ts";

/** What a multiplexed ssh says (at LogLevel DEBUG1) once the host has opened the session. */
const OPENED = /debug1: [^\r\n]*master session id: \d+\r?\n/;

/** Anything else that it says by then. */
const OWN_WORDS = /^debug1: .*\r?\n/gm;

/**
 * Standard error of a session, without what is not the command's: ssh's own words about the session, and the
 * wrapper's last line. ssh ends with 255 both where a command did and where the connection broke, and tells nothing of
 * signals; only that line shows that a command came to its end, and how.
 */
export class SessionErrors extends Transform {
  /** True once the host has opened the session; false where ssh ended without. */
  readonly opened: Promise<boolean>;
  /** What was said where the session was not opened. */
  preamble = "";
  /** Undefined until the command has ended. */
  ending: Ending | undefined;
  #isOpen = false;
  #settle: (opened: boolean) => void = () => undefined;
  readonly #marker: string;
  #held = Buffer.alloc(0);

  constructor(token: string) {
    super();
    this.#marker = `${token} exit `;
    this.opened = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  override _transform(chunk: Buffer, _: BufferEncoding, callback: TransformCallback): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#isOpen || this.#open()) this.#pass();
    callback();
  }

  #pass(): void {
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
  }

  override _flush(callback: TransformCallback): void {
    if (!this.#isOpen) {
      this.preamble = this.#held.toString();
      this.#settle(false);
    }
    this.#release(this.#held.length, this.#held.length);
    callback();
  }

  #open(): boolean {
    const text = this.#held.toString("latin1");
    const match = OPENED.exec(text);
    if (!match) return false;
    // It is the background connection that writes what comes from the host, which may be there before ssh itself has said so.
    const early = text.slice(0, match.index).replace(OWN_WORDS, "");
    this.#held = Buffer.concat([Buffer.from(early, "latin1"), this.#held.subarray(match.index + match[0].length)]);
    this.#isOpen = true;
    this.#settle(true);
    return true;
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
