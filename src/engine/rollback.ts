import type { Action } from "../actions/contract.ts";
import { withTimeout } from "../core/abort.ts";
import { resolveInputValues } from "../runbook/inputs.ts";
import type { ActionCall, Runbook } from "../runbook/model.ts";
import { contextFor, failureStatus } from "./attempt.ts";
import { describeError } from "./describe-error.ts";
import { settleDoubt } from "./doubt.ts";
import type { OpTarget, Scope } from "./evaluator.ts";
import type { EventError } from "./events.ts";
import { factsOf } from "./facts.ts";
import { asRecord, Frame, type FrameValues } from "./frame.ts";
import type { PastOp } from "./history.ts";
import type { Journal } from "./journal.ts";
import type { OpServices } from "./op.ts";
import { commandsOf, inputOf } from "./shown.ts";
import { type LocatedStep, locateStep, targetOf } from "./undo-targets.ts";

/** How going back ended. */
export interface RollbackResult {
  /** Ops that were taken back, in the order it was done. */
  readonly undone: readonly string[];
  /** Changes that stand: their steps say `undo: none`. */
  readonly kept: readonly string[];
  /** Changes that are still to be taken back, when one could not be. */
  readonly left: readonly string[];
  readonly failure?: EventError;
}

interface UndoContext {
  readonly past: PastOp;
  readonly located: LocatedStep;
  readonly op: OpTarget;
  readonly at: Scope;
}

/**
 * Takes back what a run changed, the last change first, one op at a time. What there is to take back comes from the
 * journal, so that it is the same after a crash, and an interrupted rollback goes on where it stopped.
 */
export class Rollback {
  readonly #runbook: Runbook;
  readonly #values: FrameValues;
  readonly #services: OpServices;
  readonly #journal: Journal;

  constructor(runbook: Runbook, values: FrameValues, services: OpServices, journal: Journal) {
    this.#runbook = runbook;
    this.#values = values;
    this.#services = services;
    this.#journal = journal;
  }

  /** Stops at the first op that cannot be taken back. */
  async run(): Promise<RollbackResult> {
    const todo = this.#journal.history.toUndo();
    const undone: string[] = [];
    const kept: string[] = [];
    for (const [index, past] of todo.entries()) {
      try {
        const how = await this.#takeBack(past);
        if (how === "undone") undone.push(nameOf(past));
        if (how === "kept") kept.push(nameOf(past));
      } catch (error) {
        return { undone, kept, left: todo.slice(index).map(nameOf), failure: describeError(error) };
      }
    }
    return { undone, kept, left: [] };
  }

  async #takeBack(past: PastOp): Promise<"undone" | "kept" | "nothing"> {
    const context = await this.#locate(past);
    if (!context || context.located.cleanup) return "nothing";
    const { step } = context.located;
    if (past.inDoubt && !(await this.#tookEffect(context))) return "nothing";
    if (step.undo === undefined || step.undo === "none") return "kept";
    await this.#undo(context, step.undo);
    return "undone";
  }

  async #undo({ past, located, op, at }: UndoContext, undo: ActionCall): Promise<void> {
    const action = this.#action(undo.action);
    const { evaluator, emit, signal, live } = this.#services;
    const use = { step: `${located.step.id} (undo)`, position: undo.position };
    const rendered = await evaluator.template(undo.with, at.frame, op.target, { before: past.before ?? {} });
    const input = inputOf(action, use, rendered);
    const commands = commandsOf(action, use, rendered, op).map(({ text }) => text);
    const entry = { step: past.step, target: past.target, attempt: 1, undo: true };
    const started = performance.now();
    const path = `${past.step} (undo)`;
    const finish = async (error?: EventError) => {
      const status = error ? failureStatus(error, signal) : "changed";
      const duration_ms = Math.round(performance.now() - started);
      const shown = { step: path, target: past.target, attempt: 1, status, duration_ms };
      emit({ type: "op_finished", ...shown, ...(error ? { error } : {}) });
      await this.#journal.append({ kind: "outcome", ...entry, status, duration_ms, ...(error ? { error } : {}) });
    };
    emit({
      type: "step_started",
      step: path,
      name: path,
      action: undo.action,
      effect: "change",
      targets: [past.target],
      depth: 0,
    });
    emit({ type: "op_started", step: path, target: past.target, attempt: 1, commands });
    await this.#services.guard(located.step, op);
    await this.#journal.append({ kind: "intent", ...entry, effect: located.step.effect, commands });
    try {
      const late = { code: "STEP_TIMEOUT", message: `Taking back ${nameOf(past)} took too long.`, host: past.target };
      await withTimeout(located.step.timeoutMs, signal, late, (own) =>
        action.run(input, contextFor(op, path, own, this.#services)),
      );
      live.invalidate();
      await finish();
    } catch (error) {
      await finish(describeError(error));
      throw error;
    } finally {
      emit({
        type: "step_finished",
        step: path,
        status: "changed",
        duration_ms: Math.round(performance.now() - started),
      });
    }
  }

  async #tookEffect({ past, located, op, at }: UndoContext): Promise<boolean> {
    const { step } = located;
    const action = this.#action(step.action);
    const rendered = await this.#services.evaluator.template(step.with, at.frame, op.target);
    const input = inputOf(action, { step: step.id, position: step.with.position }, rendered);
    const context = contextFor(op, past.step, this.#services.signal, this.#services);
    const before = past.before ?? {};
    const { tookEffect, by } = await settleDoubt(
      step,
      action,
      input,
      op,
      at,
      past.step,
      context,
      before,
      this.#services,
    );
    const entry = { step: past.step, target: past.target, took_effect: tookEffect, by };
    await this.#journal.append({ kind: "settled", ...entry });
    return tookEffect;
  }

  /** The step of a past op, with a frame in which its expressions see what they saw then. */
  async #locate(past: PastOp): Promise<UndoContext | undefined> {
    const located = locateStep(this.#runbook, past.step);
    const op = targetOf(this.#services.live.deployment, past.target);
    if (!located || !op) return undefined;
    let frame = this.#frame(new Frame(this.#values), "");
    for (const prefix of located.frames.slice(1)) {
      const inSub = prefix === located.runbookPath && prefix !== "";
      frame = this.#frame(inSub ? await this.#subFrame(prefix, frame) : frame.inner(), prefix);
    }
    const path = past.step.slice(0, past.step.length - located.step.id.length);
    return { past, located, op, at: { frame, depth: 0, path } };
  }

  /** The frame of a called runbook: its inputs are computed as the call computed them. */
  async #subFrame(prefix: string, outer: Frame): Promise<Frame> {
    const call = locateStep(this.#runbook, prefix.replace(/(\[[^\]]*\])?\.$/, ""))?.step.runbook;
    if (!call) return outer.inner();
    const given = await this.#services.evaluator.template(call.inputs, outer);
    return new Frame({ ...this.#values, inputs: resolveInputValues(call.compiled, asRecord(given), prefix) });
  }

  /** Fills a frame with the facts and vars that the journal holds for its path. */
  #frame(frame: Frame, prefix: string): Frame {
    const { history } = this.#journal;
    for (const [name, value] of Object.entries(history.vars(prefix) ?? {})) frame.setVar(name, value);
    const byStep = new Map<string, Map<string, NonNullable<PastOp["facts"]>>>();
    for (const { step, target, facts } of history.all()) {
      const id = step.slice(prefix.length);
      if (!facts || !step.startsWith(prefix) || !/^[a-z][a-z0-9_]*$/.test(id)) continue;
      byStep.set(id, (byStep.get(id) ?? new Map()).set(target, facts));
    }
    for (const [id, ops] of byStep) frame.record(id, factsOf(ops));
    return frame;
  }

  #action(name: string): Action {
    const action = this.#services.actions.get(name);
    if (!action) throw new TypeError(`no action ${name}`);
    return action;
  }
}

function nameOf({ step, target }: PastOp): string {
  return `${step} on ${target}`;
}
