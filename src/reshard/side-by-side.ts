import { CutOff } from "./cut-off.ts";
import { Turns } from "./turns.ts";

/** What movers of one run share: several may give slots away from one shard at the same time. */
export class SideBySide {
  readonly cutOff = new CutOff();
  readonly turns = new Turns();
  readonly #needing = new Map<string, Set<object>>();

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
