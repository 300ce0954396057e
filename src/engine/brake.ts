import { describeError } from "./describe-error.ts";
import type { EventError } from "./events.ts";

/** How a run is to stop: as it is, to be resumed; as a failure; or back to where it started. */
export type Stop = { readonly how: "pause" | "abort" | "rollback"; readonly error: EventError };

/**
 * Stops a run at the next safe point: the current op is finished, none is started after it. Pulled by Ctrl-C, by a
 * violated invariant, by a lock that is lost. The first pull counts.
 */
export class Brake {
  #pulled: Stop | undefined;
  readonly #cut = new AbortController();

  pull(how: Stop["how"], reason: unknown): void {
    if (this.#pulled) return;
    this.#pulled = { how, error: describeError(reason) };
    if (how === "abort") this.#cut.abort(reason);
  }

  /** Aborts where the run is given up: what only reads or waits has nothing to finish. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  /** Pulls it as soon as the signal aborts. */
  pullOn(signal: AbortSignal, how: Stop["how"]): void {
    if (signal.aborted) this.pull(how, signal.reason);
    else signal.addEventListener("abort", () => this.pull(how, signal.reason), { once: true });
  }

  get pulled(): Stop | undefined {
    return this.#pulled;
  }
}
