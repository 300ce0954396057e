import type { Action } from "../actions/contract.ts";
import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { resolveInputValues } from "../runbook/inputs.ts";
import type { Runbook, Step } from "../runbook/model.ts";
import { describeError } from "./describe-error.ts";
import { Evaluator, type OpTarget, type Scope } from "./evaluator.ts";
import type { EventError, StepStatus } from "./events.ts";
import { factsOf, type OpFacts } from "./facts.ts";
import { asRecord, Frame, type FrameValues } from "./frame.ts";
import { type OpServices, runOp } from "./op.ts";
import { batchesOf } from "./rollout.ts";

/** Names of actions that the engine itself carries out: they hold other steps. */
const CONTAINERS: readonly string[] = ["block", "runbook"];

/** Thrown when a step that may not fail did; carries what went wrong first. */
class StepFailed extends Error {
  readonly facts: EventError;

  constructor(facts: EventError) {
    super(facts.message);
    this.facts = facts;
  }
}

/** How the steps of a runbook ended. */
export interface ExecutionResult {
  /** The failure that ended the run; undefined when it reached its end. */
  readonly failure?: EventError;
  /** Steps that failed and were allowed to. */
  readonly tolerated: number;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Carries out compiled runbooks, step by step, as written. */
export class Executor {
  readonly #actions: ReadonlyMap<string, Action>;
  readonly #services: OpServices;
  #tolerated = 0;

  constructor(actions: ReadonlyMap<string, Action>, services: OpServices) {
    this.#actions = actions;
    this.#services = services;
  }

  /** Runs the steps, then `finally` however they ended, then evaluates the runbook's outputs. */
  async run(runbook: Runbook, values: FrameValues): Promise<ExecutionResult> {
    const scope: Scope = { frame: new Frame(values), depth: 0, path: "" };
    try {
      const outputs = await this.#runbook(runbook, scope);
      return { tolerated: this.#tolerated, outputs };
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      return { failure: error.facts, tolerated: this.#tolerated, outputs: {} };
    }
  }

  async #runbook(runbook: Runbook, scope: Scope): Promise<Record<string, unknown>> {
    const { evaluator } = this.#services;
    for (const [name, expression] of runbook.vars) {
      scope.frame.setVar(name, await evaluator.expression(expression, scope.frame));
    }
    try {
      await this.#steps(runbook.steps, scope);
    } finally {
      await this.#cleaner().#steps(runbook.finally, scope);
    }
    const outputs: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries(runbook.outputs)) {
      outputs[name] = await evaluator.expression(expression, scope.frame);
    }
    return outputs;
  }

  async #steps(steps: readonly Step[], scope: Scope): Promise<void> {
    for (const step of steps) {
      this.#refuseWhenPaused(step);
      const { status, error } = await this.#step(step, scope);
      if (error === undefined) continue;
      if (step.onFailure !== "continue" || status === "cancelled") throw new StepFailed(error);
      this.#tolerated += 1;
    }
  }

  /** Runs a step on all its targets, batch by batch, and records its facts. Never throws for a failed op. */
  async #step(step: Step, scope: Scope): Promise<{ status: StepStatus; error?: EventError }> {
    const started = performance.now();
    const path = `${scope.path}${step.id}`;
    const action = this.#action(step);
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
      await this.#rollOut(step, action, targets, scope, ops);
    } catch (thrown) {
      error = describeError(thrown);
    }
    const facts = factsOf(ops);
    scope.frame.record(step.id, facts);
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

  async #rollOut(step: Step, action: Action, targets: readonly OpTarget[], scope: Scope, ops: Map<string, OpFacts>) {
    const batches = batchesOf(targets, step.rollout);
    for (const [index, batch] of batches.entries()) {
      await Promise.all(batch.map(async (op) => ops.set(op.id, await this.#op(step, action, op, scope))));
      const failures = [...ops.values()].filter(({ error }) => error !== undefined).length;
      if (failures > step.rollout.maxFailures || this.#services.signal.aborted) return;
      if (index < batches.length - 1 && step.rollout.pauseBetweenMs > 0) {
        await sleep(step.rollout.pauseBetweenMs, this.#services.signal);
      }
    }
  }

  async #op(step: Step, action: Action, op: OpTarget, scope: Scope): Promise<OpFacts> {
    if (!CONTAINERS.includes(step.action)) return runOp(step, action, op, scope, this.#services);
    const { evaluator } = this.#services;
    if (step.when && !(await evaluator.condition(step.when, scope.frame, op.target))) {
      return { status: "skipped_condition", changed: false, outputs: {} };
    }
    if (step.skipIf && (await evaluator.condition(step.skipIf, scope.frame, op.target))) {
      return { status: "skipped_done", changed: false, outputs: {} };
    }
    return step.runbook ? this.#subRunbook(step, op, scope) : this.#block(step, op, scope);
  }

  /** Steps inside a block; `rescue` when one fails, `always` however it ended. */
  async #block(step: Step, op: OpTarget, scope: Scope): Promise<OpFacts> {
    const { steps, rescue, always } = step.block ?? { steps: [], rescue: [], always: [] };
    const inner: Scope = {
      frame: op.target ? scope.frame.inner() : scope.frame,
      depth: scope.depth + 1,
      path: op.target ? `${scope.path}${step.id}[${op.id}].` : `${scope.path}${step.id}.`,
      ...(op.target ? { target: op.target } : {}),
    };
    return settled(async () => {
      try {
        await this.#steps(steps, inner);
      } catch (error) {
        if (!(error instanceof StepFailed) || rescue.length === 0) throw error;
        await this.#steps(rescue, inner);
      } finally {
        await this.#cleaner().#steps(always, inner);
      }
      return { changed: anyChanged([...steps, ...rescue, ...always], inner.frame), outputs: {} };
    });
  }

  async #subRunbook(step: Step, op: OpTarget, scope: Scope): Promise<OpFacts> {
    if (!step.runbook) throw new TypeError(`step ${step.id} has no runbook`);
    const { compiled, inputs } = step.runbook;
    return settled(async () => {
      const given = await this.#services.evaluator.template(inputs, scope.frame, op.target);
      const frame = new Frame({
        ...scope.frame.values,
        inputs: resolveInputValues(compiled, asRecord(given), `step ${step.id}`),
      });
      const inner: Scope = { frame, depth: scope.depth + 1, path: `${scope.path}${step.id}.` };
      const outputs = await this.#runbook(compiled, inner);
      return { changed: anyChanged(compiled.steps, frame), outputs };
    });
  }

  /** Runs what must run however things ended: after a Ctrl-C under a signal of its own, bounded by the steps' time limits. */
  #cleaner(): Executor {
    const { pause } = this.#services;
    if (!this.#services.signal.aborted && !pause.aborted) return this;
    const { signal } = new AbortController();
    const evaluator = new Evaluator(this.#services.live, signal);
    return new Executor(this.#actions, { ...this.#services, signal, pause: signal, evaluator });
  }

  #refuseWhenPaused(next: Step): void {
    const { pause, signal } = this.#services;
    if (!pause.aborted && !signal.aborted) return;
    const described = describeError((signal.aborted ? signal : pause).reason);
    throw new StepFailed({ ...described, state: `step ${next.id} and what follows it were not started` });
  }

  #action(step: Step): Action {
    const action = this.#actions.get(step.action);
    if (!action) {
      throw new RedishaError({
        code: "ACTION_UNKNOWN",
        message: `Step ${step.id} uses the action ${step.action}, which this version does not have.`,
        exit: EXIT.usage,
        position: step.position,
      });
    }
    return action;
  }
}

/** Turns a container's end into facts: a step that failed inside it is its failure. */
async function settled(work: () => Promise<{ changed: boolean; outputs: Record<string, unknown> }>): Promise<OpFacts> {
  try {
    const { changed, outputs } = await work();
    return { status: changed ? "changed" : "ok", changed, outputs };
  } catch (error) {
    const facts = error instanceof StepFailed ? error.facts : describeError(error);
    return { status: "failed", changed: false, outputs: {}, error: facts };
  }
}

function anyChanged(steps: readonly Step[], frame: Frame): boolean {
  return steps.some(({ id }) => frame.stepFacts(id)?.changed ?? false);
}

function firstError(ops: ReadonlyMap<string, OpFacts>): EventError | undefined {
  for (const { error } of ops.values()) if (error) return error;
  return undefined;
}
