import { createHash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { freeYoungBuffers } from "./young-garbage.ts";

/** Counts and digests what passes through. */
export class Meter extends Transform {
  readonly #hash = createHash("sha256");
  readonly #passed: (bytes: number) => void;
  #sha256: string | undefined;
  bytes = 0;

  constructor(passed: (bytes: number) => void = () => undefined) {
    super();
    this.#passed = passed;
  }

  /** SHA-256 of all that has passed, in hex. Nothing may pass after it was asked for. */
  get sha256(): string {
    this.#sha256 ??= this.#hash.digest("hex");
    return this.#sha256;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, callback: TransformCallback): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    this.#passed(this.bytes);
    freeYoungBuffers(chunk.length);
    callback(null, chunk);
  }
}
