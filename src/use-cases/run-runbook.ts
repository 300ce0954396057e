import { actionCatalog } from "../actions/catalog.ts";
import type { Action } from "../actions/contract.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { stateDir } from "../core/state-dir.ts";
import { type Approve, type EarlyApproval, journalled, nobodyToAsk } from "../engine/approval.ts";
import { Brake } from "../engine/brake.ts";
import { Deadman } from "../engine/deadman/deadman.ts";
import { refuseUnarmable } from "../engine/deadman/refuse-unarmable.ts";
import { NO_ANSWERS, type OperatorAnswers } from "../engine/doubt.ts";
import { Evaluator } from "../engine/evaluator.ts";
import type { EventError, EventSink, RunEventBody } from "../engine/events.ts";
import { type ExecutionResult, Executor } from "../engine/executor.ts";
import { Frame, type FrameValues } from "../engine/frame.ts";
import { guardOf } from "../engine/guard.ts";
import type { History } from "../engine/history.ts";
import { InvariantWatch } from "../engine/invariants.ts";
import { Journal } from "../engine/journal.ts";
import type { HeldLock } from "../engine/lock/held-lock.ts";
import type { OpServices } from "../engine/op.ts";
import type { RollbackResult } from "../engine/rollback.ts";
import { newRunId } from "../engine/run-id.ts";
import { RunLife } from "../engine/run-life.ts";
import { resolveSecrets } from "../engine/secrets.ts";
import { stepsOf } from "../engine/steps-of.ts";
import { resolveInputs } from "../runbook/inputs.ts";
import type { Runbook } from "../runbook/model.ts";
import { lockForRun } from "./lock-for-run.ts";
import { noteEnd } from "./note-end.ts";
import { operator } from "./operator.ts";
import { refuseUnmet } from "./refuse-unmet.ts";
import type { Session } from "./session.ts";

/** One run of a compiled runbook on a deployment. */
export interface RunRequest {
  readonly runbook: Runbook;
  readonly session: Session;
  /** Inputs as typed on the command line, `name` to text. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly sink: EventSink;
  /** Aborted by the first Ctrl-C: the current step is finished, nothing after it is started. */
  readonly pause: AbortSignal;
  /** Aborted by the second: stop now. */
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** What steps can name. Default: every action of redisha; crash sweeps wrap them. */
  readonly actions?: ReadonlyMap<string, Action>;
  /** The lock may be had on few hosts, too, where the others are down. */
  readonly lockMinority?: boolean;
  /** Asks the operator; without it, what needs an answer is refused. */
  readonly approve?: Approve;
  /** What was agreed to before this call; it goes into the journal first. */
  readonly approvals?: readonly EarlyApproval[];
}

export interface RunSummary {
  readonly run: string;
  readonly runbook: string;
  readonly deployment: string;
  readonly status: "done" | "failed" | "cancelled" | "paused" | "rolled_back";
  readonly exit: ExitCode;
  readonly duration_ms: number;
  /** Steps that failed and were allowed to. */
  readonly tolerated_failures: number;
  /** Instances that steps left out because they do not answer. */
  readonly left_out: readonly string[];
  readonly error: EventError | null;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** What was taken back, where that was asked for. */
  readonly rollback: Pick<RollbackResult, "undone" | "kept" | "left"> | null;
  /** Path of the journal; null for a run that only reads. */
  readonly journal: string | null;
}

/** A run that is about to be carried out, new or gone on with. */
export interface PreparedRun {
  readonly run: string;
  readonly values: FrameValues;
  readonly journal: Journal | undefined;
  readonly lock: HeldLock | undefined;
  readonly answers: OperatorAnswers;
}

/** Runs it. A step that fails is part of the summary; only bad input and bugs are thrown. */
export async function runRunbook(request: RunRequest): Promise<RunSummary> {
  const { run, values } = await prepare(request);
  return runPrepared(request, run, values);
}

/** Runs it under this id, with these values. */
export async function runPrepared(request: RunRequest, run: string, values: FrameValues): Promise<RunSummary> {
  const lock = await lockForRun(request, run);
  try {
    const journal = await startJournal(request, run, values);
    return await carryOut(request, { run, values, journal, lock, answers: NO_ANSWERS });
  } finally {
    await lock?.release();
  }
}

/** Carries a prepared run out to its end, its pause or its failure. */
export async function carryOut(request: RunRequest, prepared: PreparedRun): Promise<RunSummary> {
  const started = performance.now();
  const { emit, services, invariants, frame } = assemble(request, prepared);
  emitStarted(request, emit);
  try {
    const result = await new Executor(services).run(request.runbook, frame, () => invariants.start());
    // What steps left open may still tell something, and nothing is told of a run once it has finished.
    await services.life.end();
    return await finish(request, prepared, result, Math.round(performance.now() - started), emit);
  } catch (error) {
    await noteEnd(prepared.journal, error);
    throw error;
  } finally {
    invariants.stop();
    await services.life.end();
    await services.deadman?.stop();
    await prepared.journal?.close();
  }
}

/** What an engine that carries out this run works with. */
export function assemble(
  { session, runbook, sink, signal, pause, approve: ask = nobodyToAsk, actions = actionCatalog() }: RunRequest,
  { run, values, journal, lock, answers }: PreparedRun,
): { emit: (event: RunEventBody) => void; services: OpServices; invariants: InvariantWatch; frame: Frame } {
  const { live, deployment } = session;
  const approve = journalled(ask, journal);
  const emit = (event: RunEventBody) => sink({ at: new Date().toISOString(), run, ...event });
  const brake = new Brake();
  brake.pullOn(pause, runbook.onInterrupt);
  if (lock) brake.pullOn(lock.lost, "pause");
  const evaluator = new Evaluator(live, signal, runbook.requires);
  const frame = new Frame(values);
  const invariants = new InvariantWatch(runbook.invariants, frame, { live, evaluator, brake, journal, signal, emit });
  const fence = async () => lock?.fence();
  const guard = guardOf({ invariants, journal, evaluator, approve, deployment: deployment.name, fence });
  const deadman = journal && new Deadman({ run, live, journal, brake, emit });
  const services = {
    run,
    life: new RunLife(run),
    deadman,
    actions,
    live,
    evaluator,
    journal,
    signal,
    brake,
    emit,
    random: Math.random,
    answers,
    approve,
    guard,
  };
  return { emit, services, invariants, frame };
}

/** The values of a run that do not depend on the deployment's state; `past` are those of the run that is gone on with. */
export async function prepare(
  request: RunRequest,
  past?: { run: string; startedAt: string; inputs: Readonly<Record<string, unknown>> },
): Promise<{ run: string; values: FrameValues }> {
  const { runbook, session } = request;
  const { deployment } = session;
  // A run that is gone on with may have changed what it was refused for at first.
  if (!past) await refuseUnmet(runbook, session, request.signal);
  refuseUnarmable(runbook, deployment);
  const now = new Date();
  const run = past?.run ?? newRunId(now);
  const values: FrameValues = {
    inputs: past?.inputs ?? resolveInputs(runbook, request.inputs, "--input"),
    secrets: await resolveSecrets(runbook.secrets, request.env),
    run: { id: run, started_at: past?.startedAt ?? now.toISOString() },
    cluster: {
      name: deployment.name,
      topology: deployment.kind,
      master_name: deployment.masterName ?? null,
      production: deployment.production ?? false,
    },
  };
  return { run, values };
}

/** A run that only reads leaves no journal: status is called every few seconds from dashboards and laptops. */
async function startJournal(request: RunRequest, run: string, values: FrameValues): Promise<Journal | undefined> {
  const { runbook, session, env } = request;
  if (stepsOf(runbook).every(({ effect }) => effect === "read")) return undefined;
  const journal = await Journal.create(stateDir(env), run);
  await journal.append({
    kind: "run_started",
    schema: 1,
    run,
    started_at: String(values.run.started_at),
    runbook: runbook.name,
    version: runbook.version,
    ref: runbook.source.path,
    digest: runbook.source.digest,
    deployment: session.deployment.name,
    inventory: session.deployment.file,
    inputs: values.inputs,
    ...operator(),
  });
  await keepApprovals(request, journal);
  return journal;
}

/** Writes down what was agreed to before the journal was open. */
export async function keepApprovals({ approvals = [] }: RunRequest, journal: Journal): Promise<void> {
  for (const { what, how, user } of approvals) await journal.append({ kind: "approval", what, how, user });
}

function emitStarted({ runbook, session }: RunRequest, emit: (event: RunEventBody) => void): void {
  emit({
    type: "run_started",
    runbook: runbook.name,
    version: runbook.version,
    origin: runbook.source.origin,
    deployment: session.deployment.name,
    schema: 1,
  });
}

async function finish(
  { runbook, session }: RunRequest,
  { run, journal }: PreparedRun,
  result: ExecutionResult,
  duration: number,
  emit: (event: RunEventBody) => void,
): Promise<RunSummary> {
  const { status, exit, error } = verdictOf(result, run, journal?.history, runbook);
  await journal?.append(
    status === "paused" && error
      ? { kind: "paused", reason: error, ...(result.step === undefined ? {} : { step: result.step }) }
      : { kind: "run_finished", status: status === "paused" ? "failed" : status, exit, ...(error ? { error } : {}) },
  );
  emit({
    type: "run_finished",
    status,
    exit,
    duration_ms: duration,
    outputs: result.outputs,
    ...(error ? { error } : {}),
  });
  const { rollback } = result;
  return {
    run,
    runbook: runbook.name,
    deployment: session.deployment.name,
    status,
    exit,
    duration_ms: duration,
    tolerated_failures: result.tolerated,
    left_out: result.leftOut,
    error: error ?? null,
    outputs: result.outputs,
    rollback: rollback ? { undone: rollback.undone, kept: rollback.kept, left: rollback.left } : null,
    journal: journal?.path ?? null,
  };
}

/** How a run ended, and what to type next where it can be gone on with. */
function verdictOf(
  { failure, paused, rollback, tolerated, leftOut }: ExecutionResult,
  run: string,
  history: History | undefined,
  { onInterrupt }: Pick<Runbook, "onInterrupt">,
): { status: RunSummary["status"]; exit: ExitCode; error?: EventError } {
  if (!failure) return { status: "done", exit: tolerated + leftOut.length > 0 ? EXIT.warnings : EXIT.done };
  if (paused) {
    return { status: "paused", exit: failure.exit, error: withWayOn(failure, run, history) };
  }
  if (rollback) return rolledBack(failure, rollback, run);
  const status = failure.code === "INTERRUPTED" ? "cancelled" : "failed";
  if (status === "cancelled" && onInterrupt === "abort") {
    return { status, exit: failure.exit, error: givenUp(failure, run) };
  }
  return { status, exit: failure.exit, error: withWayOn(failure, run, history) };
}

/** Where an op is in doubt, resume alone would only ask again; what a run took away it cannot go on with. */
const NO_WAY_ON = new Set(["OP_IN_DOUBT", "BACKUP_TAKEN_AWAY"]);

/** More changes than this are counted, not named. */
const MOST_NAMED = 5;

/** The same error, with what stands changed and how to go on or back. A run without a journal has neither. */
function withWayOn(failure: EventError, run: string, history: History | undefined): EventError {
  if (!history) return failure;
  const changed = history
    .toUndo()
    .map(({ step, target, inDoubt }) => `${step} on ${target}${inDoubt ? " (in doubt)" : ""}`);
  const named = changed.slice(0, MOST_NAMED).join(", ");
  const more = changed.length > MOST_NAMED ? ` and ${changed.length - MOST_NAMED} more` : "";
  const nothing = history.tookBack ? "what was changed for the time of the run is put back" : "nothing was changed";
  const stands = changed.length > 0 ? `changed so far: ${named}${more}` : failure.state ? "" : nothing;
  const back = changed.length > 0 && history.pointOfNoReturn === undefined;
  const next = [
    ...failure.next,
    ...(NO_WAY_ON.has(failure.code) ? [] : [`go on: redisha runs resume ${run}`]),
    ...(back ? [`or go back: redisha runs rollback ${run}`] : []),
    `what happened: redisha runs show ${run}`,
  ];
  return { ...failure, state: [failure.state, stands].filter(Boolean).join("; "), next };
}

/** Broken off for good: what tidies up has run, and there is nothing to go on with. */
function givenUp(failure: EventError, run: string): EventError {
  return {
    ...failure,
    state: "the run was given up; the steps that heal and tidy up in any case were carried out",
    next: [
      "redisha status",
      `if it left anything: redisha runs rollback ${run}`,
      `what happened: redisha runs show ${run}`,
    ],
  };
}

/** What the summary says after going back: all of it, or how far, and what is left to do by hand. */
export function rolledBack(
  failure: EventError,
  { undone, kept, left, failure: stuck }: RollbackResult,
  run: string,
): { status: RunSummary["status"]; exit: ExitCode; error: EventError } {
  if (!stuck) {
    const stands = kept.length === 0 ? "" : `; these stand, since their steps have no way back: ${kept.join(", ")}`;
    const state = `${undone.length === 0 ? "nothing was changed" : `taken back: ${undone.join(", ")}`}${stands}`;
    return { status: "rolled_back", exit: failure.exit, error: { ...failure, state } };
  }
  const exit = stuck.code === "INTERRUPTED" ? stuck.exit : EXIT.paused;
  return {
    status: "paused",
    exit,
    error: {
      code: "ROLLBACK_INCOMPLETE",
      exit,
      message: `${failure.message}; going back stopped at ${left[0]}: ${stuck.message}`,
      ...(stuck.host === undefined ? {} : { host: stuck.host }),
      state: `still to be taken back, in this order: ${left.join(", ")}`,
      next: [...new Set([...stuck.next, `redisha runs rollback ${run}`, `redisha runs show ${run}`])],
    },
  };
}
