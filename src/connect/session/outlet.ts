import { Readable } from "node:stream";

/**
 * The output of a process as a stream that cannot end early and look whole: the end is passed on only after `verdict`
 * resolved, and an error where it rejected. Reads from the process no faster than it is read from.
 */
export class Outlet extends Readable {
  readonly #source: Readable;
  readonly #abandon: () => void;

  constructor(source: Readable, verdict: Promise<unknown>, abandon: () => void, onChunk?: (chunk: Buffer) => void) {
    super({ highWaterMark: 256 * 1024 });
    this.#source = source;
    this.#abandon = abandon;
    source.on("data", (chunk: Buffer) => {
      onChunk?.(chunk);
      if (!this.push(chunk)) source.pause();
    });
    verdict.then(
      () => this.push(null),
      (error: Error) => this.destroy(error),
    );
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.readableEnded) this.#abandon();
    // What is still to come is dropped: only an emptied source tells how the process ended.
    this.#source.removeAllListeners("data");
    this.#source.resume();
    callback(error);
  }
}
