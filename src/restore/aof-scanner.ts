import { Transform, type TransformCallback } from "node:stream";

/** What an increment says of the time of its writes. */
export interface AofTimes {
  /** Unix seconds of its first and last annotation that were seen; null where there are none. */
  readonly first: number | null;
  readonly last: number | null;
  /** The first annotation behind the target: writes of the target's second are whole where there is one. */
  readonly next: number | null;
  /** Writes stand before the first annotation: when they were made is not known from this file. */
  readonly unmarked: boolean;
  /** Annotations go back in time. A server never writes such. */
  readonly disordered: boolean;
  /** Bytes that were let through. */
  readonly bytes: number;
  /** Of these, up to the end of the last command, or annotation, that is whole. */
  readonly whole: number;
  /** It ends inside a command: it was copied while the server wrote. */
  readonly cut: boolean;
  /** Why it is no append-only file; null where it is one. */
  readonly bad: string | null;
}

/** The longest line of the format: `$` or `*` and a number, `#TS:` and a number. Module annotations are longer. */
const LONGEST_LINE = 64 * 1024;

/**
 * Lets an increment of an append-only file through, as far as to the first annotation behind `until`. It follows the format
 * command by command, since a value may hold anything, also what looks like an annotation. An annotation, `#TS:<seconds>`,
 * stands before the first write of each second in which there was one; the second of the target counts as a whole.
 */
export class AofScanner extends Transform {
  readonly #until: number;
  /** The beginning of a line that has not ended yet: not let through before it is known what it is. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of a value, its line end too, that are still to come. */
  #value = 0;
  /** Values of the command that are still to come. */
  #values = 0;
  #over = false;
  #bytes = 0;
  #whole = 0;
  #first: number | null = null;
  #last: number | null = null;
  #next: number | null = null;
  #unmarked = false;
  #disordered = false;
  #bad: string | null = null;

  constructor(until = Number.POSITIVE_INFINITY) {
    super();
    this.#until = until;
  }

  get times(): AofTimes {
    return {
      first: this.#first,
      last: this.#last,
      next: this.#next,
      unmarked: this.#unmarked,
      disordered: this.#disordered,
      bytes: this.#bytes,
      whole: this.#whole,
      cut: this.#held.length > 0 || this.#value > 0 || this.#values > 0,
      bad: this.#bad,
    };
  }

  override _transform(chunk: Buffer, _: BufferEncoding, callback: TransformCallback): void {
    if (this.#over || this.#bad !== null) {
      callback();
      return;
    }
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = this.#read(bytes);
    this.#held = this.#over ? Buffer.alloc(0) : Buffer.from(bytes.subarray(end));
    this.#let(bytes.subarray(0, end));
    callback();
  }

  override _flush(callback: TransformCallback): void {
    // The server is to see that the end is missing, and to judge of it.
    this.#let(this.#held);
    callback();
  }

  #let(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (bytes.length > 0) this.push(bytes);
  }

  /** Reads as many values and lines as are there; gives where the first line begins that is not, or not to be let through. */
  #read(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#value === 0 && this.#values === 0) this.#whole = this.#bytes + at;
      if (this.#value > 0) {
        const skipped = Math.min(this.#value, bytes.length - at);
        this.#value -= skipped;
        at += skipped;
        continue;
      }
      const newline = bytes.indexOf(0x0a, at);
      if (newline < 0) {
        if (bytes.length - at > LONGEST_LINE) this.#bad = "a line does not end";
        return at;
      }
      if (!this.#take(bytes.toString("latin1", at, newline + 1))) return at;
      at = newline + 1;
    }
    if (this.#value === 0 && this.#values === 0) this.#whole = this.#bytes + at;
    return at;
  }

  /** Reads one line; false where nothing from here on is to be let through. */
  #take(line: string): boolean {
    const number = Number(/^[*$](\d{1,15})\r\n$/.exec(line)?.[1] ?? Number.NaN);
    if (this.#values > 0) {
      if (!line.startsWith("$") || Number.isNaN(number)) return this.#refuse(line);
      this.#values -= 1;
      this.#value = number + 2;
      return true;
    }
    if (line.startsWith("#")) return this.#annotation(line);
    if (!line.startsWith("*") || Number.isNaN(number) || number === 0) return this.#refuse(line);
    this.#unmarked ||= this.#first === null;
    this.#values = number;
    return true;
  }

  #annotation(line: string): boolean {
    const stamp = /^#TS:(\d{1,12})\r\n$/.exec(line)?.[1];
    if (stamp === undefined) return true;
    const at = Number(stamp);
    if (this.#last !== null && at < this.#last) this.#disordered = true;
    if (at > this.#until) {
      this.#next = at;
      this.#over = true;
      return false;
    }
    this.#first ??= at;
    this.#last = at;
    return true;
  }

  #refuse(line: string): boolean {
    this.#bad = `${JSON.stringify(line.slice(0, 20))} begins no command`;
    return false;
  }
}
