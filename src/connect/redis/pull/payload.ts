import { Transform, type TransformCallback } from "node:stream";
import { closed } from "./line-reader.ts";

/** How the end of a snapshot is known: by its length, or by a mark that the server made up and sends behind it. */
export type Framing = { readonly length: number } | { readonly mark: Buffer };

/** Bytes of the mark of a snapshot that is sent without a file (`$EOF:…`). */
const MARK_BYTES = 40;

/** Reads `$12345` or `$EOF:<40 bytes>`; undefined for anything else. */
export function readFraming(line: string): Framing | undefined {
  const mark = /^\$EOF:(.{40})$/s.exec(line)?.[1];
  if (mark !== undefined) return { mark: Buffer.from(mark, "latin1") };
  const length = /^\$(\d+)$/.exec(line)?.[1];
  return length === undefined ? undefined : { length: Number(length) };
}

/**
 * Lets the snapshot through and nothing else: neither the mark, which is no part of it, nor what a server that goes on
 * replicating sends behind it. Ends when the snapshot is whole, and fails where the connection ends before that.
 */
export class Payload extends Transform {
  readonly #framing: Framing;
  readonly #instance: string;
  #passed = 0;
  /** The last bytes of a marked snapshot so far: they may be the beginning of the mark. */
  #held: Buffer = Buffer.alloc(0);
  #whole = false;
  readonly #onWhole: () => void;

  constructor(framing: Framing, instance: string, onWhole: () => void) {
    super();
    this.#framing = framing;
    this.#instance = instance;
    this.#onWhole = onWhole;
    if ("length" in framing && framing.length === 0) this.#finish();
  }

  /** All of it has come. */
  get whole(): boolean {
    return this.#whole;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, callback: TransformCallback): void {
    if (!this.#whole) this.#take(chunk);
    callback();
  }

  override _flush(callback: TransformCallback): void {
    if (this.#whole) callback();
    else callback(closed(this.#instance, `the connection ended after ${this.#passed} bytes`));
  }

  #take(chunk: Buffer): void {
    if ("length" in this.#framing) {
      const left = this.#framing.length - this.#passed;
      this.#pass(chunk.subarray(0, left));
      if (this.#passed === this.#framing.length) this.#finish();
      return;
    }
    const { mark } = this.#framing;
    const both = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    // The mark is random: it stands at the end, and the data that ends like it is not to be expected in this universe.
    if (both.length >= MARK_BYTES && both.subarray(-MARK_BYTES).equals(mark)) {
      this.#pass(both.subarray(0, -MARK_BYTES));
      this.#finish();
      return;
    }
    const found = both.indexOf(mark);
    if (found !== -1) {
      this.#pass(both.subarray(0, found));
      this.#finish();
      return;
    }
    const keep = Math.min(both.length, MARK_BYTES - 1);
    this.#pass(both.subarray(0, both.length - keep));
    this.#held = Buffer.from(both.subarray(both.length - keep));
  }

  #pass(bytes: Buffer): void {
    this.#passed += bytes.length;
    if (bytes.length > 0) this.push(bytes);
  }

  /** Later: whoever listens must not end the stream from within its own `transform`. */
  #finish(): void {
    this.#whole = true;
    process.nextTick(this.#onWhole);
  }
}
