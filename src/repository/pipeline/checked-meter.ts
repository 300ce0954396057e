import type { TransformCallback } from "node:stream";
import { Meter } from "./meter.ts";

export interface Expected {
  readonly size: number;
  readonly sha256: string;
}

/**
 * Lets through what passes, and ends only where size and digest are those expected: fails otherwise with what `damaged`
 * makes of it. Errors of the streams before it go through `explain` on their way out.
 */
export class CheckedMeter extends Meter {
  /** All has passed, and it was what was expected. */
  whole = false;
  /** Resolves once it is known whether it is whole. */
  readonly settled: Promise<void>;
  readonly #settle: () => void;
  readonly #expected: Expected;
  readonly #damaged: (what: string) => Error;
  readonly #explain: (error: Error) => Error;

  constructor(
    expected: Expected,
    damaged: (what: string) => Error,
    explain: (error: Error) => Error = (error) => error,
    passed?: (bytes: number) => void,
  ) {
    super(passed);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#settle = resolve;
    this.#expected = expected;
    this.#damaged = damaged;
    this.#explain = explain;
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
    const { size } = this.#expected;
    if (this.bytes + chunk.length <= size) super._transform(chunk, encoding, callback);
    else callback(this.#damaged(`it has more than ${size} bytes`));
  }

  override _flush(callback: TransformCallback): void {
    const { size, sha256 } = this.#expected;
    if (this.bytes !== size) callback(this.#damaged(`it has ${this.bytes} bytes in place of ${size}`));
    else if (this.sha256 !== sha256) callback(this.#damaged("its digest is another one"));
    else {
      this.whole = true;
      this.#settle();
      callback();
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#settle();
    super._destroy(error, (late) => callback(late ? this.#explain(late) : null));
  }
}
