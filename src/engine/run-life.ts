/** A run, as long as it lasts in this process: its actions keep open here what outlives one step. */
export class RunLife {
  readonly id: string;
  readonly #ends: (() => Promise<void>)[] = [];

  constructor(id: string) {
    this.id = id;
  }

  /** `end` is called when the run has ended in this process, whichever way; the last one given first. */
  atEnd(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** Ends everything that was left open. Failures are no news any more: the run is over. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end().catch(() => undefined);
  }
}

/** A place where the steps of a run share one thing, such as the probes of a drill. One process, one thing per run. */
export class RunSlot<T> {
  readonly #things = new WeakMap<RunLife, T>();

  of(life: RunLife): T | undefined {
    return this.#things.get(life);
  }

  put(life: RunLife, thing: T): void {
    this.#things.set(life, thing);
  }
}
