import { withTimeout } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import type { ActionCall, Runbook } from "../runbook/model.ts";
import { actionNamed } from "./action-named.ts";
import { contextFor, failureStatus } from "./attempt.ts";
import { describeError } from "./describe-error.ts";
import { settleDoubt } from "./doubt.ts";
import type { EventError, StepStatus } from "./events.ts";
import type { FrameValues } from "./frame.ts";
import type { ArmedUndo, PastOp } from "./history.ts";
import type { Journal } from "./journal.ts";
import type { OpServices } from "./op.ts";
import { PastFrames, type UndoContext, undoCall } from "./past-frames.ts";
import { inputOf } from "./shown.ts";

/** How going back ended. */
export interface RollbackResult {
  /** Ops that were taken back, in the order it was done. */
  readonly undone: readonly string[];
  /** Changes that stand: their steps say `undo: none`, or are not in the runbook any more. */
  readonly kept: readonly string[];
  /** Changes that are still to be taken back, when one could not be. */
  readonly left: readonly string[];
  readonly failure?: EventError;
}

/**
 * Takes back what a run changed, the last change first, one op at a time. What there is to take back comes from the
 * journal, so that it is the same after a crash, and an interrupted rollback goes on where it stopped.
 */
export class Rollback {
  readonly #services: OpServices;
  readonly #journal: Journal;
  readonly #past: PastFrames;

  constructor(runbook: Runbook, values: FrameValues, services: OpServices, journal: Journal) {
    this.#services = services;
    this.#journal = journal;
    this.#past = new PastFrames(runbook, values, services, journal.history);
  }

  /** Stops at the first op that cannot be taken back, and where the operator stops it: between two ops. */
  async run(): Promise<RollbackResult> {
    const todo = this.#journal.history.toUndo();
    const undone: string[] = [];
    const kept: string[] = [];
    for (const [index, past] of todo.entries()) {
      try {
        this.#refuseWhenStopped();
        const how = await this.#takeBack(past);
        if (how === "undone") undone.push(nameOf(past));
        if (how === "kept") kept.push(nameOf(past));
      } catch (error) {
        return { undone, kept, left: todo.slice(index).map(nameOf), failure: describeError(error) };
      }
    }
    return { undone, kept, left: [] };
  }

  /**
   * Takes back what hosts hold for this run, the last one first, also where its step failed: the undo puts back what was
   * before, whatever came of the change. All are tried; what is left is put back by its host.
   */
  async putBack(armed: readonly ArmedUndo[]): Promise<RollbackResult> {
    const undone: string[] = [];
    const left: string[] = [];
    let failure: EventError | undefined;
    for (const { step, target } of armed.toReversed()) {
      const past = this.#journal.history.all().find((op) => op.step === step && op.target === target);
      try {
        const context = past && (await this.#past.locate(past));
        const undo = context?.located.step.undo;
        if (context && typeof undo === "object") await this.#undo(context, undo);
        else await this.#services.deadman?.disarm(step, target);
        undone.push(`${step} on ${target}`);
      } catch (error) {
        left.push(`${step} on ${target}`);
        failure ??= describeError(error);
      }
    }
    return { undone, kept: [], left, ...(failure ? { failure } : {}) };
  }

  async #takeBack(past: PastOp): Promise<"undone" | "kept" | "nothing"> {
    const context = await this.#past.locate(past);
    if (!context) return "kept";
    if (context.located.cleanup) return "nothing";
    const { step } = context.located;
    if (past.inDoubt && !(await this.#tookEffect(context))) return "nothing";
    if (step.undo === undefined || step.undo === "none") return "kept";
    if (past.undoInDoubt && (await this.#wasUndone(context))) return "undone";
    await this.#undo(context, step.undo);
    return "undone";
  }

  async #undo({ past, located, op, at }: UndoContext, undo: ActionCall): Promise<void> {
    const { emit, signal, live, deadman } = this.#services;
    const { action, input, commands } = await undoCall({ past, located, op, at }, undo, this.#services);
    const entry = { step: past.step, target: past.target, attempt: 1, undo: true };
    const started = performance.now();
    const path = `${past.step} (undo)`;
    let status: StepStatus = "changed";
    const finish = async (error?: EventError) => {
      if (error) status = failureStatus(error, signal, "change");
      const duration_ms = Math.round(performance.now() - started);
      const shown = { step: path, target: past.target, attempt: 1, status, duration_ms };
      emit({ type: "op_finished", ...shown, ...(error ? { error } : {}) });
      await this.#journal.append({ kind: "outcome", ...entry, status, duration_ms, ...(error ? { error } : {}) });
    };
    emit({
      type: "step_started",
      step: path,
      name: `Take back: ${located.step.name ?? past.step}`,
      action: undo.action,
      effect: "change",
      targets: [past.target],
      depth: 0,
    });
    emit({ type: "op_started", step: path, target: past.target, attempt: 1, commands });
    await this.#services.guard(located.step, op, at.frame);
    await this.#journal.append({ kind: "intent", ...entry, effect: located.step.effect, commands });
    try {
      const late = { code: "STEP_TIMEOUT", message: `Taking back ${nameOf(past)} took too long.`, host: past.target };
      await withTimeout(located.step.timeoutMs, signal, late, (own) =>
        action.run(input, contextFor(op, path, own, this.#services)),
      );
      live.invalidate();
      await finish();
      await deadman?.disarm(past.step, past.target);
    } catch (error) {
      await finish(describeError(error));
      throw error;
    } finally {
      emit({
        type: "step_finished",
        step: path,
        status,
        duration_ms: Math.round(performance.now() - started),
      });
    }
  }

  async #tookEffect(context: UndoContext): Promise<boolean> {
    const { tookEffect, by } = await this.#settle(context, context.past.step);
    const entry = { step: context.past.step, target: context.past.target, took_effect: tookEffect, by };
    await this.#journal.append({ kind: "settled", ...entry });
    return tookEffect;
  }

  /** An undo that was begun is done where what it takes back is not there any more; the operator speaks of the undo. */
  async #wasUndone(context: UndoContext): Promise<boolean> {
    const { step, target } = context.past;
    const { tookEffect, by } = await this.#settle(context, `${step} (undo)`);
    const undone = by === "operator" ? tookEffect : !tookEffect;
    await this.#journal.append({ kind: "settled", step, target, took_effect: undone, by, undo: true });
    return undone;
  }

  async #settle({ past, located, op, at }: UndoContext, name: string) {
    const { step } = located;
    const action = actionNamed(step.action, this.#services);
    const rendered = await this.#services.evaluator.template(step.with, at.frame, op.target);
    const input = inputOf(action, { step: step.id, position: step.with.position }, rendered);
    const context = contextFor(op, past.step, this.#services.signal, this.#services);
    const before = past.before ?? {};
    return settleDoubt(step, action, input, op, at, name, context, before, { ...this.#services, verb: "rollback" });
  }

  #refuseWhenStopped(): void {
    const { signal, brake } = this.#services;
    signal.throwIfAborted();
    if (!brake.pulled) return;
    const { code, message, exit, next } = brake.pulled.error;
    throw new RedishaError({ code, message, exit, next });
  }
}

function nameOf({ step, target }: PastOp): string {
  return `${step} on ${target}`;
}
