import { appendFileSync, writeFileSync } from "node:fs";
import type { Action } from "../actions/contract.ts";
import type { RunEvent } from "../engine/events.ts";
import { targetOf } from "./simulated-actions.ts";

/** An op that took effect, as it is counted: outside of the journal, so that the journal can be held against it. */
export interface Effect {
  /** Path of the step; ` (undo)` behind it where it took something back. */
  readonly step: string;
  readonly target: string;
}

/**
 * The moments of a run at which a crash could leave something half done: before each intent, between intent and action,
 * between action and outcome, behind the outcome; in rescue, `finally` and rollback too. At one of them, counted from 1,
 * the process ends itself as `kill -9` would.
 */
export class HookPoints {
  readonly #killAt: number | undefined;
  readonly #effectsFile: string;
  readonly passed: string[] = [];

  constructor(effectsFile: string, killAt?: number) {
    this.#effectsFile = effectsFile;
    this.#killAt = killAt;
  }

  /** Takes an event: an op is announced before its intent is written, and finished behind its outcome. */
  take(event: RunEvent): void {
    if (event.type === "op_started") this.#at(`before ${event.step}@${event.target}`);
    // Going back announces the end of an op before it writes the outcome, and that of the step behind it.
    if (event.type === "op_finished") this.#at(`after ${event.step}@${event.target}`);
    if (event.type === "step_finished" && event.step.endsWith(" (undo)")) this.#at(`behind ${event.step}`);
  }

  /** The same actions, with a moment on either side of what changes something, and its effect counted. */
  around(actions: ReadonlyMap<string, Action>): ReadonlyMap<string, Action> {
    return new Map(
      [...actions].map(([name, action]) => [name, action.effect === "read" ? action : this.#around(action)]),
    );
  }

  #around(action: Action): Action {
    return {
      ...action,
      run: async (input, context) => {
        const op: Effect = { step: context.step, target: targetOf(context) };
        this.#at(`intent of ${op.step}@${op.target}`);
        const outcome = await action.run(input, context);
        // What may be done twice is not counted: nobody is to find that it was.
        if (outcome.changed && !action.repeatable) appendFileSync(this.#effectsFile, `${JSON.stringify(op)}\n`);
        this.#at(`effect of ${op.step}@${op.target}`);
        return outcome;
      },
    };
  }

  #at(moment: string): void {
    this.passed.push(moment);
    if (this.passed.length !== this.#killAt) return;
    writeFileSync(killedFile(this.#effectsFile), moment);
    process.kill(process.pid, "SIGKILL");
  }
}

/** Where the process says at which moment it ends itself: of ops side by side, another one than last time may come first. */
export function killedFile(effectsFile: string): string {
  return `${effectsFile}.killed`;
}
