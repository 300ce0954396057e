import type { RunEvent } from "../engine/events.ts";
import { plainPath } from "./step-names.ts";

/** One op as it was seen to start or to be skipped. */
export interface SeenOp {
  /** Path without targets; ` (undo)` stands behind one that took back. */
  readonly step: string;
  readonly target: string;
  readonly changes: boolean;
}

/** What a run did, told by its events. */
export class Observed {
  readonly started: SeenOp[] = [];
  readonly skipped: SeenOp[] = [];
  readonly undone: SeenOp[] = [];
  readonly #effects = new Map<string, string>();

  take(event: RunEvent): void {
    if (event.type === "step_started") this.#effects.set(event.step, event.effect);
    if (event.type === "op_started" && event.attempt === 1) this.started.push(this.#seen(event.step, event.target));
    if (event.type !== "op_finished") return;
    if (event.status.startsWith("skipped")) this.skipped.push(this.#seen(event.step, event.target));
    if (event.step.endsWith(" (undo)") && event.status === "changed")
      this.undone.push(this.#seen(event.step, event.target));
  }

  #seen(path: string, target: string): SeenOp {
    const undo = path.endsWith(" (undo)") ? " (undo)" : "";
    return { step: plainPath(path) + undo, target, changes: this.#effects.get(path) !== "read" };
  }
}
