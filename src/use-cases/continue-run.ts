import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { stateDir } from "../core/state-dir.ts";
import type { Deadman } from "../engine/deadman/deadman.ts";
import type { OperatorAnswers } from "../engine/doubt.ts";
import type { EventError } from "../engine/events.ts";
import { History } from "../engine/history.ts";
import { Journal, journalPath } from "../engine/journal.ts";
import type { HeldLock } from "../engine/lock/held-lock.ts";
import { type PlannedUndo, planRollback } from "../engine/plan-rollback.ts";
import { Rollback } from "../engine/rollback.ts";
import { giveBackLock } from "./give-back-lock.ts";
import { lockForRun } from "./lock-for-run.ts";
import { operator } from "./operator.ts";
import {
  assemble,
  carryOut,
  keepApprovals,
  prepare,
  type RunRequest,
  type RunSummary,
  rolledBack,
} from "./run-runbook.ts";
import type { RunDetail } from "./runs.ts";

/** A run that is gone on with, or gone back. */
export interface ContinueRequest extends Omit<RunRequest, "inputs"> {
  readonly past: RunDetail;
  readonly answers: OperatorAnswers;
  /** Go on although the runbook's text is not what it was when the run started. */
  readonly acceptChanged: boolean;
}

/**
 * Goes on with a run that stopped: what changed something is not done twice, reads are run again, an op without an
 * outcome is settled first. Fails with RUN_OVER, RUN_ACTIVE, RUNBOOK_CHANGED or JOURNAL_TAMPERED; nothing was touched but
 * the lock of a run that is over.
 */
export async function resumeRun(request: ContinueRequest): Promise<RunSummary> {
  await refuseToResume(request);
  const lock = await lockForRun({ ...request, inputs: {} }, request.past.record.run);
  try {
    const { run, values, journal } = await reopen(request, "resume");
    return await carryOut({ ...request, inputs: {} }, { run, values, journal, lock, answers: request.answers });
  } finally {
    await lock?.release();
  }
}

/** Takes back what a run changed, the last change first. Refused behind the point of no return: ROLLBACK_TOO_LATE (exit 4). */
export async function rollBackRun(request: ContinueRequest): Promise<RunSummary> {
  if (request.past.record.state === "rolled_back") throw await over(request);
  refuseToGoBack(request);
  refuseStrayAnswers(request);
  const lock = await lockForRun({ ...request, inputs: {} }, request.past.record.run);
  try {
    return await goBack(request, lock);
  } finally {
    await lock?.release();
  }
}

async function goBack(request: ContinueRequest, lock: HeldLock | undefined): Promise<RunSummary> {
  const { session, runbook, answers } = request;
  const started = performance.now();
  const { run, values, journal } = await reopen(request, "rollback");
  let deadman: Deadman | undefined;
  try {
    const { emit, services, frame } = assemble({ ...request, inputs: {} }, { run, values, journal, lock, answers });
    for (const [name, value] of Object.entries(journal.history.vars("") ?? {})) frame.setVar(name, value);
    emit({
      type: "run_started",
      runbook: `${runbook.name} (rollback)`,
      version: runbook.version,
      origin: runbook.source.origin,
      deployment: session.deployment.name,
      schema: 1,
    });
    const rollback = new Rollback(runbook, values, services, journal);
    deadman = services.deadman;
    await deadman?.takeOver((unheld) => rollback.putBack(unheld));
    const result = await rollback.run();
    if (!result.failure) await rollback.putBack(journal.history.armed());
    const asked: EventError = { code: "ROLLED_BACK", exit: EXIT.done, message: "Rolled back", next: [] };
    const { status, exit, error } = rolledBack(asked, result, run);
    const done = status === "rolled_back";
    await journal.append(
      done ? { kind: "run_finished", status: "rolled_back", exit } : { kind: "paused", reason: error },
    );
    const duration_ms = Math.round(performance.now() - started);
    emit({ type: "run_finished", status, exit, duration_ms, outputs: {}, ...(done ? {} : { error }) });
    return {
      run,
      runbook: runbook.name,
      deployment: session.deployment.name,
      status,
      exit,
      duration_ms,
      tolerated_failures: 0,
      left_out: [],
      error: done ? null : error,
      outputs: {},
      rollback: { undone: result.undone, kept: result.kept, left: result.left },
      journal: journal.path,
    };
  } finally {
    await deadman?.stop();
    await journal.close();
  }
}

/** What going back would take back, in order. Refused where going back is. Nothing is changed. */
export async function planRollBack(request: ContinueRequest): Promise<PlannedUndo[]> {
  const { past, runbook, answers } = request;
  refuseToGoBack(request);
  const { run, values } = await prepare({ ...request, inputs: {} }, beginningOf(past));
  const { services } = assemble(
    { ...request, inputs: {} },
    { run, values, journal: undefined, lock: undefined, answers },
  );
  const history = new History();
  for (const line of past.lines) history.take(line);
  return planRollback(runbook, values, services, history);
}

function beginningOf(past: RunDetail) {
  const [first] = past.lines;
  if (first?.kind !== "run_started") throw unreliable(past);
  return { run: past.record.run, startedAt: first.started_at, inputs: first.inputs };
}

async function reopen(request: ContinueRequest, how: "resume" | "rollback") {
  const { past, runbook, env } = request;
  const { run, values } = await prepare({ ...request, inputs: {} }, beginningOf(past));
  const journal = await Journal.reopen(journalPath(stateDir(env), run));
  if (journal.length !== past.lines.length) {
    await journal.close();
    throw moved(past);
  }
  await journal.append({ kind: "continued", how, ...operator(), digest: runbook.source.digest });
  await keepApprovals({ ...request, inputs: {} }, journal);
  return { run, values, journal };
}

/** What stands in the way of going on, before anybody is asked anything. */
export async function refuseToResume(request: ContinueRequest): Promise<void> {
  const { past } = request;
  const { state } = past.record;
  if (state === "unreliable") throw unreliable(past);
  if (state === "running") throw active(past);
  if (state === "done" || state === "rolled_back") throw await over(request);
  refuseChanged(request, "resume");
  refuseStrayAnswers(request);
}

function refuseToGoBack(request: ContinueRequest): void {
  const { past } = request;
  if (past.record.state === "unreliable") throw unreliable(past);
  if (past.record.state === "running") throw active(past);
  if (past.record.state === "rolled_back") throw isOver(past);
  refuseChanged(request, "rollback");
  refuseTooLate(past);
}

/** An answer about an op that is not in doubt is a slip: the op that was meant would be asked about again. */
function refuseStrayAnswers({ past, answers }: ContinueRequest): void {
  const doubtful = [
    ...past.ops.filter(({ inDoubt }) => inDoubt),
    ...past.ops.filter(({ undoInDoubt }) => undoInDoubt).map((op) => ({ ...op, step: `${op.step} (undo)` })),
  ];
  const names = doubtful.flatMap(({ step, target }) => [step, `${step}@${target}`]);
  const stray = [...answers.done, ...answers.redo].find((answer) => !names.includes(answer));
  const twice = answers.done.find((answer) => answers.redo.includes(answer));
  if (stray === undefined && twice === undefined) return;
  const inDoubt = doubtful.map(({ step, target }) => `${step}@${target}`);
  throw new RedishaError({
    code: "USAGE",
    message:
      twice === undefined
        ? `${stray} is not in doubt in run ${past.record.run}.`
        : `${twice} cannot be both done and redone.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      inDoubt.length === 0 ? "nothing of this run is in doubt" : `in doubt: ${inDoubt.join(", ")}`,
      `redisha runs show ${past.record.run}`,
    ],
  });
}

function refuseChanged({ past, runbook, acceptChanged }: ContinueRequest, how: "resume" | "rollback"): void {
  const digest = past.lines.findLast((line) => line.kind === "continued" || line.kind === "run_started");
  if (acceptChanged || !digest || !("digest" in digest) || digest.digest === runbook.source.digest) return;
  throw new RedishaError({
    code: "RUNBOOK_CHANGED",
    message: `${runbook.source.path} is not what it was when run ${past.record.run} started.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      `redisha runs show ${past.record.run}`,
      `go ${how === "resume" ? "on" : "back"} with the changed one: redisha runs ${how} ${past.record.run} --accept-changed`,
    ],
  });
}

function refuseTooLate(past: RunDetail): void {
  const passed = past.lines.find((line) => line.kind === "point_of_no_return");
  if (!passed) return;
  throw new RedishaError({
    code: "ROLLBACK_TOO_LATE",
    message: `Run ${past.record.run} is past its point of no return (step ${passed.step}): what was changed cannot be taken back.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`redisha runs resume ${past.record.run}`, "or restore a backup"],
  });
}

function unreliable({ record }: RunDetail): RedishaError {
  return new RedishaError({
    code: "JOURNAL_TAMPERED",
    message: `The journal of run ${record.run} is not as it was written; what it tells cannot be built on.`,
    exit: EXIT.verificationFailed,
    state: "nothing was touched",
    next: [`redisha runs verify ${record.run}`, "look at the servers themselves: redisha status --wide"],
  });
}

function active(past: RunDetail): RedishaError {
  return new RedishaError({
    code: "RUN_ACTIVE",
    message: `Run ${past.record.run} is still going on, by ${past.record.user} on ${past.record.controller}.`,
    exit: EXIT.lockHeld,
    state: "nothing was touched",
    next: ["press Ctrl-C there once: it finishes the current step and pauses"],
  });
}

/** Somebody else went on with it after this process had looked, and before it had the lock. */
function moved({ record }: RunDetail): RedishaError {
  return new RedishaError({
    code: "RUN_MOVED",
    message: `Somebody else went on with run ${record.run} meanwhile.`,
    exit: EXIT.lockHeld,
    state: "nothing was touched",
    next: [`redisha runs show ${record.run}`],
  });
}

/** It is; what its process may have been killed too early for is done before that is said. */
async function over({ past, runbook, session, env, signal }: ContinueRequest): Promise<RedishaError> {
  const { leaseMs } = runbook.concurrency;
  return isOver(past, await giveBackLock(past, leaseMs, { session, env, signal }));
}

function isOver(past: RunDetail, unlocked: readonly string[] = []): RedishaError {
  return new RedishaError({
    code: "RUN_OVER",
    message: `Run ${past.record.run} is over: ${past.record.state.replace("_", " ")}.`,
    exit: EXIT.usage,
    state:
      unlocked.length === 0
        ? "nothing was touched"
        : `its process ended before it could give its lock back; that was done now, on ${unlocked.join(", ")}`,
    next: [`redisha runs show ${past.record.run}`],
  });
}

/** The runbook a past run was made with, by the path in its journal. */
export function runbookRef(past: RunDetail): string {
  const [first] = past.lines;
  if (first?.kind !== "run_started") throw unreliable(past);
  return first.ref;
}
