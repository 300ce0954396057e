import { CutOff } from "./cut-off.ts";

/** What movers of one run share: several may give slots away from one shard at the same time. */
export class SideBySide {
  readonly cutOff = new CutOff();
  readonly #needing = new Map<string, Set<object>>();
  #last: Promise<unknown> = Promise.resolve();

  /** Does what two of them must not do at once. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Notes who needs an instance barred (`bar`). */
  needBarred(instance: string, who: object): void {
    const all = this.#needing.get(instance) ?? new Set();
    this.#needing.set(instance, all.add(who));
  }

  /** False where somebody else still needs it barred. */
  mayLift(instance: string, who: object): boolean {
    const all = this.#needing.get(instance);
    all?.delete(who);
    return (all?.size ?? 0) === 0;
  }
}
