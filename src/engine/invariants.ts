import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Invariant } from "../runbook/model.ts";
import type { Brake } from "./brake.ts";
import type { Evaluator } from "./evaluator.ts";
import type { RunEventBody } from "./events.ts";
import type { Frame } from "./frame.ts";
import type { Journal } from "./journal.ts";
import type { LiveDeployment } from "./live.ts";

/** Between two looks at the invariants of a run. */
const POLL_MS = 1_000;

interface Watching {
  readonly live: LiveDeployment;
  readonly evaluator: Evaluator;
  readonly brake: Brake;
  readonly journal: Journal | undefined;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEventBody) => void;
}

/**
 * Watches what must stay true while a run is active. A violation that lasts longer than its grace pulls the brake as the
 * invariant says. Before an op that disrupts, all are looked at anew, without grace.
 */
export class InvariantWatch {
  readonly #invariants: readonly Invariant[];
  readonly #frame: Frame;
  readonly #services: Watching;
  /** Since when each is violated, on the monotonic clock. */
  readonly #since = new Map<string, number>();
  readonly #acted = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(invariants: readonly Invariant[], frame: Frame, services: Watching) {
    this.#invariants = invariants;
    this.#frame = frame;
    this.#services = services;
  }

  start(): void {
    if (this.#invariants.length > 0) this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Fails with INVARIANT_VIOLATED (exit 7) where one that would stop the run does not hold now. */
  async refuseViolated(): Promise<void> {
    if (this.#invariants.length === 0) return;
    await this.#services.live.topology(this.#services.signal, { fresh: true });
    for (const invariant of this.#invariants) {
      if (invariant.onViolation !== "warn" && !(await this.#holds(invariant))) throw violated(invariant);
    }
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#round(), POLL_MS);
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    try {
      await this.#services.live.topology(this.#services.signal, { fresh: true });
      for (const invariant of this.#invariants) await this.#look(invariant);
    } catch (error) {
      if (!this.#stopped) this.#services.emit({ type: "warning", message: `invariants: ${messageOf(error)}` });
    }
    if (!this.#stopped && !this.#services.signal.aborted) this.#schedule();
  }

  async #look(invariant: Invariant): Promise<void> {
    const { id } = invariant;
    if (this.#stopped) return;
    if (await this.#holds(invariant)) {
      this.#since.delete(id);
      return;
    }
    const since = this.#since.get(id) ?? performance.now();
    this.#since.set(id, since);
    if (performance.now() - since < invariant.graceMs || this.#acted.has(id)) return;
    this.#acted.add(id);
    await this.#act(invariant);
  }

  async #act(invariant: Invariant): Promise<void> {
    const { id, assert, onViolation } = invariant;
    const { brake, journal, emit } = this.#services;
    await journal?.append({ kind: "invariant", id, assert: assert.source, action: onViolation });
    emit({ type: "warning", message: `invariant ${id} does not hold: ${assert.source} (${onViolation})` });
    if (onViolation !== "warn") brake.pull(onViolation, violated(invariant));
  }

  #holds(invariant: Invariant): Promise<boolean> {
    return this.#services.evaluator.condition(invariant.assert, this.#frame);
  }
}

function violated({ id, assert, onViolation }: Invariant): RedishaError {
  return new RedishaError({
    code: "INVARIANT_VIOLATED",
    message: `The invariant ${id} does not hold: ${assert.source}`,
    exit: onViolation === "pause" ? EXIT.paused : EXIT.failedSafe,
    state: "nothing was started since it was seen",
    next: ["redisha status", "then go on with redisha runs resume, or back with redisha runs rollback"],
  });
}
