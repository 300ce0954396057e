import type { Action, ActionContext, ActionOutcome, Before } from "../actions/contract.ts";
import { sleep, withTimeout } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { formatDuration } from "../core/units.ts";
import type { Effect } from "../runbook/effect.ts";
import type { Step } from "../runbook/model.ts";
import { holdsYet, readsModel, refuseFailedAssertions, refuseFailedResult, verify } from "./conditions.ts";
import { type ArmedOp, armOp } from "./deadman/arm-op.ts";
import { describeError } from "./describe-error.ts";
import { settleDoubt } from "./doubt.ts";
import type { OpTarget, Scope } from "./evaluator.ts";
import type { EventError, StepStatus } from "./events.ts";
import type { OpFacts } from "./facts.ts";
import { asRecord } from "./frame.ts";
import type { OpServices } from "./op.ts";
import { commandsOf, inputOf, whereOf } from "./shown.ts";

/** Between two looks at a condition that does not hold yet, where the step does not say. */
const POLL_MS = 1_000;

/** One attempt of one op. */
export class Attempt {
  readonly #step: Step;
  readonly #action: Action;
  readonly #op: OpTarget;
  readonly #at: Scope;
  readonly #services: OpServices;
  readonly #path: string;
  readonly #number: number;
  #before: Before | undefined;
  #begun = false;
  /** What it said last that it waits for: told where its time is up. */
  #lastSaid = "";

  constructor(step: Step, action: Action, op: OpTarget, at: Scope, number: number, services: OpServices) {
    this.#step = step;
    this.#action = action;
    this.#op = op;
    this.#at = at;
    this.#services = services;
    this.#path = `${at.path}${step.id}`;
    this.#number = number;
  }

  /**
   * How an op ended that failed, by the error. One that was not begun is in no doubt: a Ctrl-C came while somebody was
   * asked about it, or its time was up before. What an earlier process began stays in doubt.
   */
  endedBy(error: EventError): { status: StepStatus; error: EventError } {
    const { signal, journal } = this.#services;
    const status = failureStatus(error, signal, this.#step.effect);
    if (status !== "in_doubt" || this.#begun || journal?.history.inDoubt(this.#path, this.#op.id)) {
      return { status, error };
    }
    if (error.code !== "INTERRUPTED") return { status: "failed", error };
    return { status: "cancelled", error: { ...error, state: `step ${this.#path} was not begun` } };
  }

  /**
   * Carries the op out. For one that changes something: settle what an earlier run left in doubt, capture what undo
   * needs, write the intent, act, check, write the outcome. Throws what went wrong.
   */
  async carryOut(): Promise<OpFacts> {
    const { evaluator, journal, emit } = this.#services;
    const step = this.#step;
    const use = { step: step.id, position: step.with.position };
    const rendered = await evaluator.template(step.with, this.#at.frame, this.#op.target);
    const input = inputOf(this.#action, use, rendered);
    const commands = commandsOf(this.#action, use, rendered, this.#op).map(({ text }) => text);
    if (step.effect === "read") {
      emit({ type: "op_started", step: this.#path, target: this.#op.id, attempt: this.#number, commands });
      return this.#settled(performance.now(), () => this.#act(input));
    }
    const settled = await this.#settleDoubt(input);
    if (settled) return settled;
    await this.#services.guard(step, this.#op, this.#at.frame);
    const before =
      journal?.history.before(this.#path, this.#op.id) ??
      (await this.#limited((signal) => this.#action.before?.(input, this.#context(signal)) ?? Promise.resolve({})));
    this.#before = before;
    emit({ type: "op_started", step: this.#path, target: this.#op.id, attempt: this.#number, commands });
    const context = this.#context(this.#services.signal);
    const armed = await this.#limited(() => armOp(step, this.#op, this.#at, before, context, this.#services));
    const entry = { step: this.#path, target: this.#op.id, attempt: this.#number, undo: false };
    this.#begun = true;
    await journal?.append({ kind: "intent", ...entry, effect: step.effect, commands, before });
    return this.#settled(performance.now(), async () => ({ ...(await this.#act(input, armed)), before }));
  }

  /** Writes the outcome, whichever it is. What reads found is kept too: undo may need it. */
  async #settled(started: number, work: () => Promise<OpFacts>): Promise<OpFacts> {
    const write = async (status: StepStatus, outputs?: unknown, error?: EventError) => {
      const part = status === "failed" && this.#action.mayFailHalfway ? { partial: true as const } : {};
      const entry = { step: this.#path, target: this.#op.id, attempt: this.#number, undo: false, ...part };
      const duration_ms = Math.round(performance.now() - started);
      const kept = this.#step.sensitive || outputs === undefined ? {} : { outputs };
      await this.#services.journal?.append(
        { kind: "outcome", ...entry, status, duration_ms, ...kept, ...(error ? { error } : {}) },
        { flush: this.#step.effect !== "read" },
      );
    };
    try {
      const facts = await work();
      await write(facts.status, facts.outputs);
      return facts;
    } catch (error) {
      const described = describeError(error);
      await write(failureStatus(described, this.#services.signal, this.#step.effect), undefined, described);
      throw error;
    }
  }

  async #act(input: unknown, armed?: ArmedOp): Promise<OpFacts> {
    const { live } = this.#services;
    const timeoutMs = Math.max(this.#step.timeoutMs, this.#action.takesMs?.(input) ?? 0);
    return this.#limited(async (signal) => {
      await armed?.prove();
      const outcome = await this.#untilItHolds(input, signal);
      await armed?.confirm();
      if (this.#step.effect !== "read") live.invalidate();
      await verify(this.#step, this.#op, this.#at, outcome.outputs, { ...this.#services, tell: this.#tell }, signal);
      const outputs = await this.#outputs(outcome);
      return { status: outcome.changed ? "changed" : "ok", changed: outcome.changed, outputs };
    }, timeoutMs);
  }

  /** Runs the action, and again (reads) or looks again (changes run once) until the step's `until` holds. */
  async #untilItHolds(input: unknown, signal: AbortSignal): Promise<ActionOutcome<unknown>> {
    const { evaluator, live } = this.#services;
    const context = this.#context(signal);
    const step = this.#step;
    const pollMs = intervalOf(input) ?? POLL_MS;
    let outcome = await this.#action.run(input, context);
    for (;;) {
      const result = outcome.outputs;
      await refuseFailedResult(step, this.#op, this.#at, result, evaluator);
      await refuseFailedAssertions(step, this.#op, this.#at, evaluator);
      if (!step.until) return outcome;
      if (await holdsYet(step.until, this.#at, this.#op, result, evaluator)) return outcome;
      this.#tell(`waiting until ${step.until.source}`);
      await sleep(pollMs, signal);
      if (readsModel(step.until.reads)) await live.topology(signal, { fresh: true });
      if (step.effect === "read") outcome = await this.#action.run(input, context);
    }
  }

  async #outputs(outcome: ActionOutcome<unknown>): Promise<Record<string, unknown>> {
    const outputs = asRecord(outcome.outputs);
    const result = outcome.outputs;
    for (const [name, expression] of Object.entries(this.#step.outputs)) {
      outputs[name] = await this.#services.evaluator.expression(expression, this.#at.frame, this.#op.target, {
        result,
      });
    }
    return outputs;
  }

  /** Facts of an op that an earlier process started and that turns out to have taken effect. */
  async #settleDoubt(input: unknown): Promise<OpFacts | undefined> {
    const { journal } = this.#services;
    const doubt = journal?.history.inDoubt(this.#path, this.#op.id);
    if (!journal || !doubt) return undefined;
    const before = doubt.before ?? {};
    const { tookEffect, by, partial } = await this.#limited((signal) =>
      settleDoubt(this.#step, this.#action, input, this.#op, this.#at, this.#path, this.#context(signal), before, {
        ...this.#services,
        signal,
      }),
    );
    const entry = { step: this.#path, target: this.#op.id, took_effect: tookEffect, by };
    await journal.append({ kind: "settled", ...entry, ...(partial ? { partial } : {}) });
    return tookEffect ? { status: "changed", changed: true, outputs: {}, before } : undefined;
  }

  #limited<T>(work: (signal: AbortSignal) => Promise<T>, timeoutMs = this.#step.timeoutMs): Promise<T> {
    const { id } = this.#step;
    const late = (): RedishaError =>
      new RedishaError({
        code: "STEP_TIMEOUT",
        message: `Step ${id} took longer than its limit of ${formatDuration(timeoutMs)} on ${this.#op.id}${this.#lastSaid === "" ? "" : ` (${this.#lastSaid})`}.`,
        host: this.#op.id,
        exit: EXIT.outcomeUnknown,
      });
    const { signal, brake } = this.#services;
    const stop = this.#step.effect === "read" ? AbortSignal.any([signal, brake.cut]) : signal;
    return withTimeout(timeoutMs, stop, late, work);
  }

  readonly #tell = (message: string): void => {
    this.#lastSaid = message;
    this.#services.emit({ type: "op_progress", step: this.#path, target: this.#op.id, message });
  };

  #context(signal: AbortSignal): ActionContext {
    const said = contextFor(this.#op, this.#path, signal, this.#services);
    const progress: ActionContext["progress"] = (message, amount) => {
      this.#lastSaid = message;
      said.progress(message, amount);
    };
    const context = { ...said, progress };
    return this.#before ? { ...context, before: this.#before } : context;
  }
}

/** What an action works with, for an op of the step at `path`. */
export function contextFor(
  op: OpTarget,
  path: string,
  signal: AbortSignal,
  { live, life, emit, approve, brake }: OpServices,
): ActionContext {
  return {
    deployment: live.deployment,
    step: path,
    ...whereOf(op),
    signal,
    stopAsked: () => brake.pulled !== undefined,
    redis: (instance, lane) => live.connections.redis(instance, lane),
    shell: (host) => live.connections.shell(host),
    shellAnew: (host) => live.connections.shellAnew(host, signal),
    forgetFailures: () => live.connections.forgetFailures(),
    topology: async (options) => (options?.seen ? live.current() : live.topology(signal, options)),
    look: (instance) => live.look(instance, signal),
    progress: (message, amount) => emit({ type: "op_progress", step: path, target: op.id, message, ...amount }),
    approve,
    life,
    emit,
  };
}

/**
 * A cancelled op may or may not have taken effect; so may one that ran out of time, or whose answer never came. One that
 * only reads has no effect to be in doubt about.
 */
export function failureStatus(error: EventError, signal: AbortSignal, effect: Effect): StepStatus {
  if (signal.aborted) return "cancelled";
  // One that ended early because it was asked to has done a part of it.
  const part = error.code === "STEP_TIMEOUT" || error.code === "INTERRUPTED";
  const unknown = part || error.exit === EXIT.outcomeUnknown;
  return unknown && effect !== "read" ? "in_doubt" : "failed";
}

function intervalOf(input: unknown): number | undefined {
  const interval = asRecord(input).interval;
  return typeof interval === "number" ? interval : undefined;
}
