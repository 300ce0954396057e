/**
 * Who works alone and who side by side, among all movers of a run: slots change hands side by side, and a source that took over is
 * told of what is on its way while none does. Told of a slot that has just changed hands, a target would give it up again.
 */
export class Turns {
  #times = 0;
  #alone: Promise<unknown> = Promise.resolve();
  readonly #together = new Set<Promise<unknown>>();

  /** How often a source was told of what is on its way from it. */
  get times(): number {
    return this.#times;
  }

  /** To be called by who tells a source, alone. */
  told(): void {
    this.#times += 1;
  }

  /** When all that has begun is over, and before anything else begins. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = Promise.all([this.#alone, ...this.#together]).then(work);
    this.#alone = done.catch(() => undefined);
    return done;
  }

  /** Beside others that do so; `isLate` where a source has been told more often than so many times: then nothing is done. */
  together(times: number, work: () => Promise<void>, isLate: () => Error): Promise<void> {
    const done = this.#alone.then(() => {
      if (times !== this.#times) throw isLate();
      return work();
    });
    const over = done.catch(() => undefined).finally(() => this.#together.delete(over));
    this.#together.add(over);
    return done;
  }
}
