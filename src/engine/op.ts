import type { Action } from "../actions/contract.ts";
import { sleep } from "../core/abort.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Step } from "../runbook/model.ts";
import type { Approve } from "./approval.ts";
import { Attempt } from "./attempt.ts";
import { delayAfter, mayRetry } from "./backoff.ts";
import type { Brake } from "./brake.ts";
import type { Deadman } from "./deadman/deadman.ts";
import { describeError } from "./describe-error.ts";
import type { OperatorAnswers } from "./doubt.ts";
import type { Evaluator, OpTarget, Scope } from "./evaluator.ts";
import type { RunEventBody, StepStatus } from "./events.ts";
import type { OpFacts } from "./facts.ts";
import type { Frame } from "./frame.ts";
import type { Journal } from "./journal.ts";
import type { LiveDeployment } from "./live.ts";
import type { RunLife } from "./run-life.ts";

/** What an op needs from the run around it. */
export interface OpServices {
  readonly run: string;
  readonly life: RunLife;
  readonly actions: ReadonlyMap<string, Action>;
  readonly live: LiveDeployment;
  readonly evaluator: Evaluator;
  readonly journal: Journal | undefined;
  /** Stop now. */
  readonly signal: AbortSignal;
  readonly brake: Brake;
  readonly emit: (event: RunEventBody) => void;
  readonly random: () => number;
  readonly answers: OperatorAnswers;
  readonly approve: Approve;
  /** Holds the undos that are armed; a run that only plans or reads has none. */
  readonly deadman?: Deadman | undefined;
  /** Checked before each op that changes something: fails where it must not start now. */
  readonly guard: (step: Step, op: OpTarget, frame: Frame) => Promise<void>;
}

/** Runs one step on one target: conditions, attempts, time limit, post-conditions, journal. Failures are facts, not exceptions. */
export async function runOp(
  step: Step,
  action: Action,
  op: OpTarget,
  at: Scope,
  services: OpServices,
): Promise<OpFacts> {
  const path = `${at.path}${step.id}`;
  const finish = (attempt: number, started: number, facts: OpFacts, retryMs?: number) => {
    services.emit({
      type: "op_finished",
      step: path,
      target: op.id,
      attempt,
      status: facts.status,
      duration_ms: Math.round(performance.now() - started),
      ...(facts.error ? { error: facts.error } : {}),
      ...(retryMs === undefined ? {} : { will_retry_in_ms: retryMs }),
    });
    return facts;
  };

  if (at.replay) {
    const facts = services.journal?.history.settled(path, op.id);
    if (facts) return finish(0, performance.now(), facts);
    if (!services.journal?.history.inDoubt(path, op.id)) return finish(0, performance.now(), neverStarted(path, op));
  }
  // Reads run again in every process; a pause that was passed is not made again, nor a read of what is gone by then.
  const again = step.effect === "read" && step.action !== "pause" && action.once !== true;
  const known = again ? undefined : services.journal?.history.done(path, op.id);
  if (known) return finish(0, performance.now(), known);
  for (let attempt = 1; ; attempt += 1) {
    const started = performance.now();
    const work = new Attempt(step, action, op, at, attempt, services);
    try {
      const skipped = await skipReason(step, op, at, path, services);
      if (skipped) {
        await noteSkipped(skipped, path, op, services);
        return finish(attempt, started, { status: skipped, changed: false, outputs: {} });
      }
      return finish(attempt, started, await work.carryOut());
    } catch (error) {
      const described = describeError(error);
      const { status, error: told } = work.endedBy(described);
      const facts: OpFacts = { status, changed: false, outputs: {}, error: told };
      const retried =
        !services.signal.aborted && !services.brake.cut.aborted && mayRetry(described.code, attempt, step.retry);
      const retryMs = retried ? delayAfter(attempt, step.retry, services.random) : undefined;
      finish(attempt, started, facts, retryMs);
      if (retryMs === undefined) return facts;
      await sleep(retryMs, services.signal).catch(() => undefined);
    }
  }
}

/** Conditions are not asked again for an op that an earlier process started: it may have changed what they read. */
async function skipReason(
  step: Step,
  op: OpTarget,
  at: Scope,
  path: string,
  { evaluator, journal }: OpServices,
): Promise<StepStatus | undefined> {
  if (journal?.history.inDoubt(path, op.id)) return undefined;
  if (step.when && !(await evaluator.condition(step.when, at.frame, op.target))) return "skipped_condition";
  if (step.skipIf && (await evaluator.condition(step.skipIf, at.frame, op.target))) return "skipped_done";
  return undefined;
}

/** A step that was left out stays so when a later process goes over what is behind it. */
async function noteSkipped(status: StepStatus, step: string, { id: target }: OpTarget, { journal }: OpServices) {
  const entry = { kind: "outcome" as const, step, target, attempt: 0, status, duration_ms: 0, undo: false };
  await journal?.append(entry, { flush: false });
}

/** The run had stopped before it came here. */
function neverStarted(path: string, { id }: OpTarget): OpFacts {
  const message = `The run had stopped before step ${path} was started on ${id}, and was cleaning up.`;
  const error = { code: "STEP_NOT_REACHED", exit: EXIT.failedSafe, message, host: id, next: [] };
  return { status: "failed", changed: false, outputs: {}, error };
}
