import type { Action } from "../actions/contract.ts";
import { EXIT } from "../core/exit-codes.ts";
import { resolveInputValues } from "../runbook/inputs.ts";
import type { Runbook, Step } from "../runbook/model.ts";
import { actionNamed } from "./action-named.ts";
import { Brake, type Stop } from "./brake.ts";
import { describeError } from "./describe-error.ts";
import type { OpTarget, Scope } from "./evaluator.ts";
import type { EventError, StepStatus } from "./events.ts";
import { factsOf, firstError, type OpFacts } from "./facts.ts";
import { asRecord, Frame, type FrameValues } from "./frame.ts";
import type { ArmedUndo } from "./history.ts";
import { type OpServices, runOp } from "./op.ts";
import { rollOut } from "./roll-out.ts";
import { Rollback, type RollbackResult } from "./rollback.ts";
import { PAUSING, RunPaused, StepFailed, settled } from "./run-stops.ts";

/** Names of actions that the engine itself carries out: they hold other steps. */
const CONTAINERS: readonly string[] = ["block", "runbook"];

/** How the steps of a runbook ended. */
export interface ExecutionResult {
  /** The failure that ended the run; undefined when it reached its end. */
  readonly failure?: EventError;
  /** It stopped to be resumed; `failure` says why. */
  readonly paused: boolean;
  /** The step that failed, where it is paused for that. */
  readonly step?: string;
  /** What was taken back, where the runbook or an invariant asked for it. */
  readonly rollback?: RollbackResult;
  /** Steps that failed and were allowed to. */
  readonly tolerated: number;
  /** Instances that steps left out because they do not answer. */
  readonly leftOut: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Carries out compiled runbooks, step by step, as written. */
export class Executor {
  readonly #services: OpServices;
  /** Pauses of the runbook that an earlier process made. */
  readonly #passedPauses: ReadonlySet<string>;
  #tolerated = 0;
  readonly #leftOut = new Set<string>();
  /** A failure asked for everything to be taken back. */
  #rollBack = false;

  constructor(services: OpServices) {
    this.#services = services;
    const past = services.journal?.history.all() ?? [];
    this.#passedPauses = new Set(past.filter(({ facts }) => facts?.status === "ok").map(({ step }) => step));
  }

  /**
   * Runs the steps; takes changes back where that is asked for; then `finally`, unless paused; then the outputs. The
   * outermost frame is given, so that what watches the run sees its vars; `ready` is called once they are known.
   */
  async run(runbook: Runbook, frame: Frame, ready: () => void): Promise<ExecutionResult> {
    const scope: Scope = { frame, depth: 0, path: "" };
    const { values } = frame;
    let rollback: RollbackResult | undefined;
    const goBack = async (reason: EventError) => {
      if (this.#rollBack) rollback = await this.#goBack(runbook, values, reason);
    };
    const end = () => ({ tolerated: this.#tolerated, leftOut: [...this.#leftOut], ...(rollback ? { rollback } : {}) });
    try {
      await this.#services.deadman?.takeOver((unheld) => this.#putBack(runbook, values, unheld));
      const outputs = await this.#runbook(runbook, scope, goBack, ready);
      const { deadman } = this.#services;
      if (deadman?.broken) throw new RunPaused(describeError(deadman.broken));
      const left = await this.#putBack(runbook, values);
      return { ...end(), paused: false, outputs, ...(left ? { failure: left } : {}) };
    } catch (error) {
      if (error instanceof RunPaused) {
        const { facts: failure, step } = error;
        return { ...end(), paused: true, failure, outputs: {}, ...(step === undefined ? {} : { step }) };
      }
      if (!(error instanceof StepFailed)) throw error;
      await this.#putBack(runbook, values);
      return { ...end(), paused: false, failure: error.facts, outputs: {} };
    }
  }

  /** What hosts hold for this run was meant for as long as it lasts; a run that is paused leaves it to them. */
  async #putBack(
    runbook: Runbook,
    values: FrameValues,
    armed: readonly ArmedUndo[] = this.#services.journal?.history.armed() ?? [],
  ): Promise<EventError | undefined> {
    const { journal } = this.#services;
    if (!journal || armed.length === 0) return undefined;
    return (await new Rollback(runbook, values, this.#unstoppable(), journal).putBack(armed)).failure;
  }

  async #runbook(
    runbook: Runbook,
    scope: Scope,
    goBack?: (reason: EventError) => Promise<void>,
    ready?: () => void,
  ): Promise<Record<string, unknown>> {
    const { evaluator } = this.#services;
    await this.#vars(runbook, scope);
    ready?.();
    const goingBack = goBack && this.#services.journal?.history.goingBack;
    try {
      await this.#steps(runbook.steps, this.#replayed(scope, runbook.finally, goingBack !== undefined));
      if (goingBack) throw new StepFailed(goingBack);
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      this.#rollBack ||= goingBack !== undefined;
      await goBack?.(error.facts);
      await this.#tidy(runbook.finally, scope);
      throw error;
    }
    await this.#steps(runbook.finally, scope);
    const outputs: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries(runbook.outputs)) {
      outputs[name] = await evaluator.expression(expression, scope.frame);
    }
    return outputs;
  }

  /** Vars are what they were when the run started, also in a process that goes on with it. */
  async #vars(runbook: Runbook, scope: Scope): Promise<void> {
    const { evaluator, journal } = this.#services;
    const known = journal?.history.vars(scope.path);
    const values: Record<string, unknown> = {};
    for (const [name, expression] of runbook.vars) {
      values[name] = known && name in known ? known[name] : await evaluator.expression(expression, scope.frame);
      scope.frame.setVar(name, values[name]);
    }
    if (!known && runbook.vars.length > 0) await journal?.append({ kind: "vars", path: scope.path, values });
  }

  async #steps(steps: readonly Step[], scope: Scope): Promise<void> {
    for (const step of steps) {
      this.#refuseWhenStopped(step);
      const { status, error } = await this.#step(step, scope);
      if (error === undefined) {
        if (step.action === "pause" && status === "ok") this.#pauseAfter(step, scope);
        continue;
      }
      // A Ctrl-C at a question ends the step, but nothing was cut short by it.
      if (status === "cancelled" || error.code === "INTERRUPTED") throw this.#interruption(error);
      if (PAUSING.includes(error.code)) throw new RunPaused(error);
      if (step.onFailure === "continue") {
        this.#tolerated += 1;
        this.#rollBack = false;
        continue;
      }
      if (step.onFailure === "pause") throw new RunPaused({ ...error, exit: EXIT.paused }, `${scope.path}${step.id}`);
      if (step.onFailure === "rollback") this.#rollBack = true;
      throw new StepFailed(error);
    }
  }

  #pauseAfter(step: Step, scope: Scope): void {
    if (this.#passedPauses.has(`${scope.path}${step.id}`)) return;
    const { message } = scope.frame.stepFacts(step.id)?.outputs ?? {};
    throw new RunPaused({
      code: "PAUSED",
      exit: EXIT.paused,
      message: String(message),
      state: `paused after step ${step.id}, as the runbook says`,
      next: [],
    });
  }

  /**
   * A Ctrl-C that cuts an op short: a run with a journal can be gone on with, one without has nothing to go on with, nor has
   * one whose runbook gives up.
   */
  #interruption(error: EventError): Error {
    const { journal, brake } = this.#services;
    return journal && brake.pulled?.how !== "abort" ? new RunPaused(error) : new StepFailed(error);
  }

  async #goBack(runbook: Runbook, values: FrameValues, reason: EventError): Promise<RollbackResult | undefined> {
    const { journal } = this.#services;
    if (!journal) return undefined;
    if (!journal.history.goingBack) await journal.append({ kind: "going_back", reason });
    return new Rollback(runbook, values, this.#unstoppable(), journal).run();
  }

  /** Runs a step on all its targets, batch by batch, and records its facts. Never throws for a failed op. */
  async #step(step: Step, scope: Scope): Promise<{ status: StepStatus; error?: EventError }> {
    const started = performance.now();
    const path = `${scope.path}${step.id}`;
    const action = actionNamed(step.action, this.#services);
    const ops = new Map<string, OpFacts>();
    let error: EventError | undefined;
    try {
      const targets = await this.#services.evaluator.opsOf(step, action.scope, scope);
      this.#services.emit({
        type: "step_started",
        step: path,
        name: step.name ?? step.id,
        action: step.action,
        effect: step.effect,
        targets: targets.map(({ id }) => id),
        depth: scope.depth,
      });
      await this.#tellLeftOut(step, path);
      await this.#rollOut(step, action, targets, scope, ops);
    } catch (thrown) {
      if (thrown instanceof RunPaused) throw thrown;
      error = describeError(thrown);
    }
    const facts = factsOf(ops);
    scope.frame.record(step.id, facts);
    error ??= await this.#services.deadman?.disarmAfter(step, facts, scope.path);
    error ??= firstError(ops);
    const status = error && !facts.failed ? "failed" : facts.status;
    this.#services.emit({
      type: "step_finished",
      step: path,
      status,
      duration_ms: Math.round(performance.now() - started),
      ...(ops.size === 0 && !error ? { reason: "no target matched" } : {}),
    });
    return { status, ...(error ? { error } : {}) };
  }

  /** A step that could not reach all it is meant for has not done all it is there for. */
  async #tellLeftOut(step: Step, path: string): Promise<void> {
    for (const id of await this.#services.evaluator.silentFor(step)) {
      this.#leftOut.add(id);
      this.#services.emit({ type: "warning", message: `${path} leaves ${id} out: it does not answer` });
    }
  }

  async #rollOut(step: Step, action: Action, targets: readonly OpTarget[], scope: Scope, ops: Map<string, OpFacts>) {
    await rollOut(step, targets, ops, {
      signal: this.#services.signal,
      work: (op) => this.#op(step, action, op, scope),
      refuseWhenStopped: () => this.#refuseWhenStopped(step),
      pauseText: (template) => this.#services.evaluator.template(template, scope.frame),
    });
  }

  async #op(step: Step, action: Action, op: OpTarget, scope: Scope): Promise<OpFacts> {
    if (!CONTAINERS.includes(step.action)) return runOp(step, action, op, scope, this.#services);
    const { evaluator, journal } = this.#services;
    const target = op.target ?? scope.target;
    const path = op.target && step.block ? `${step.id}[${op.id}]` : step.id;
    if (scope.replay && !journal?.history.began(scope.path, [path])) {
      return { status: "skipped_condition", changed: false, outputs: {} };
    }
    if (!scope.replay && step.when && !(await evaluator.condition(step.when, scope.frame, target))) {
      return { status: "skipped_condition", changed: false, outputs: {} };
    }
    if (!scope.replay && step.skipIf && (await evaluator.condition(step.skipIf, scope.frame, target))) {
      return { status: "skipped_done", changed: false, outputs: {} };
    }
    return step.runbook ? this.#subRunbook(step, op, scope) : this.#block(step, op, scope);
  }

  /** The scope of steps that are over where an earlier process had begun with what comes behind them. */
  #replayed(scope: Scope, behind: readonly Step[], over = false): Scope {
    const ids = behind.map(({ id }) => id);
    const begun = over || this.#services.journal?.history.began(scope.path, ids);
    return begun ? { ...scope, replay: true } : scope;
  }

  /** Steps inside a block; `rescue` when one fails, `always` however it ended. */
  async #block(step: Step, op: OpTarget, scope: Scope): Promise<OpFacts> {
    const { steps, rescue, always } = step.block ?? { steps: [], rescue: [], always: [] };
    const inner: Scope = {
      frame: op.target ? scope.frame.inner() : scope.frame,
      depth: scope.depth + 1,
      ...(scope.replay ? { replay: true } : {}),
      path: op.target ? `${scope.path}${step.id}[${op.id}].` : `${scope.path}${step.id}.`,
      ...(op.target ? { target: op.target } : {}),
    };
    return settled(async () => {
      try {
        await this.#rescued(steps, rescue, always, inner);
      } catch (error) {
        if (error instanceof StepFailed) await this.#tidy(always, inner);
        throw error;
      }
      await this.#cleaner().#steps(always, inner);
      return { changed: anyChanged([...steps, ...rescue, ...always], inner.frame), outputs: {} };
    });
  }

  async #rescued(steps: readonly Step[], rescue: readonly Step[], always: readonly Step[], scope: Scope) {
    try {
      await this.#steps(steps, this.#replayed(scope, [...rescue, ...always]));
    } catch (error) {
      if (!(error instanceof StepFailed) || rescue.length === 0) throw error;
      this.#rollBack = false;
      await this.#steps(rescue, this.#replayed(scope, always));
    }
  }

  async #subRunbook(step: Step, op: OpTarget, scope: Scope): Promise<OpFacts> {
    if (!step.runbook) throw new TypeError(`step ${step.id} has no runbook`);
    const { compiled, inputs } = step.runbook;
    return settled(async () => {
      const given = await this.#services.evaluator.template(inputs, scope.frame, op.target ?? scope.target);
      const frame = new Frame({
        ...scope.frame.values,
        inputs: resolveInputValues(compiled, asRecord(given), `step ${step.id}`),
      });
      const replay = scope.replay === true;
      const inner: Scope = { frame, depth: scope.depth + 1, path: `${scope.path}${step.id}.`, replay };
      const outputs = await this.#runbook(compiled, inner);
      return { changed: anyChanged(compiled.steps, frame), outputs };
    });
  }

  /** Runs what must run after a failure, which stays the one that is told: one of these steps does not take its place. */
  async #tidy(steps: readonly Step[], scope: Scope): Promise<void> {
    try {
      await this.#cleaner().#steps(steps, scope);
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      this.#services.emit({ type: "warning", message: `tidying up failed, too: ${error.facts.message}` });
    }
  }

  /** Runs what must run however things ended: after a stop under a signal of its own, bounded by the steps' time limits. */
  #cleaner(): Executor {
    const { signal, brake } = this.#services;
    return signal.aborted || brake.pulled ? new Executor(this.#unstoppable()) : this;
  }

  #unstoppable(): OpServices {
    const { signal } = new AbortController();
    const evaluator = this.#services.evaluator.under(signal);
    return { ...this.#services, signal, brake: new Brake(), evaluator };
  }

  #refuseWhenStopped(next: Step): void {
    const { brake, signal, journal } = this.#services;
    const stop: Stop | undefined = signal.aborted
      ? { how: "pause", error: describeError(signal.reason) }
      : brake.pulled;
    if (!stop) return;
    const error = { ...stop.error, state: `step ${next.id} and what follows it were not started` };
    if (stop.how === "pause" && journal) throw new RunPaused(error);
    this.#rollBack ||= stop.how === "rollback";
    throw new StepFailed(error);
  }
}

function anyChanged(steps: readonly Step[], frame: Frame): boolean {
  return steps.some(({ id }) => frame.stepFacts(id)?.changed ?? false);
}
