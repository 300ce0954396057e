import { actionCatalog } from "../actions/catalog.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { stateDir } from "../core/state-dir.ts";
import { Evaluator } from "../engine/evaluator.ts";
import type { EventError, EventSink, RunEventBody } from "../engine/events.ts";
import { Executor } from "../engine/executor.ts";
import type { FrameValues } from "../engine/frame.ts";
import { Journal } from "../engine/journal.ts";
import type { OpServices } from "../engine/op.ts";
import type { Plan } from "../engine/plan.ts";
import { Planner } from "../engine/planner.ts";
import { newRunId } from "../engine/run-id.ts";
import { resolveSecrets } from "../engine/secrets.ts";
import { refuseUnsupported, stepsOf } from "../engine/unsupported.ts";
import { resolveInputs } from "../runbook/inputs.ts";
import type { Runbook } from "../runbook/model.ts";
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
}

export interface RunSummary {
  readonly run: string;
  readonly runbook: string;
  readonly deployment: string;
  readonly status: "done" | "failed" | "cancelled";
  readonly exit: ExitCode;
  readonly duration_ms: number;
  /** Steps that failed and were allowed to. */
  readonly tolerated_failures: number;
  readonly error: EventError | null;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Path of the journal; null for a run that only reads. */
  readonly journal: string | null;
}

/** Runs it. A step that fails is part of the summary; only bad input and bugs are thrown. */
export async function runRunbook(request: RunRequest): Promise<RunSummary> {
  const { runbook, session, signal } = request;
  refuseUnsupported(runbook);
  const started = performance.now();
  const prepared = await prepare(request);
  const journal = await openJournal(request, prepared.run, prepared.values);
  const emit = emitter(request.sink, prepared.run);
  emit({
    type: "run_started",
    runbook: runbook.name,
    version: runbook.version,
    origin: runbook.source.origin,
    deployment: session.deployment.name,
    schema: 1,
  });
  const executor = new Executor(actionCatalog(), services(request, journal, emit));
  const result = await executor.run(runbook, prepared.values);
  const exit = result.failure?.exit ?? (result.tolerated > 0 ? EXIT.warnings : EXIT.done);
  const interrupted = signal.aborted || request.pause.aborted;
  const status = result.failure === undefined ? "done" : interrupted ? "cancelled" : "failed";
  const duration = Math.round(performance.now() - started);
  emit({
    type: "run_finished",
    status,
    exit,
    duration_ms: duration,
    outputs: result.outputs,
    ...(result.failure ? { error: result.failure } : {}),
  });
  await journal?.append({ kind: "run_finished", status, exit });
  await journal?.close();
  return {
    run: prepared.run,
    runbook: runbook.name,
    deployment: session.deployment.name,
    status,
    exit,
    duration_ms: duration,
    tolerated_failures: result.tolerated,
    error: result.failure ?? null,
    outputs: result.outputs,
    journal: journal?.path ?? null,
  };
}

/** What it would do: reads are run, nothing else is. */
export async function planRunbook(request: RunRequest): Promise<Plan> {
  const { runbook, session } = request;
  const prepared = await prepare(request);
  const planner = new Planner(actionCatalog(), services(request, undefined, emitter(request.sink, prepared.run)));
  return {
    schema: 1,
    runbook: {
      name: runbook.name,
      version: runbook.version,
      digest: runbook.source.digest,
      origin: runbook.source.origin,
    },
    deployment: session.deployment.name,
    created_at: new Date().toISOString(),
    steps: await planner.plan(runbook, prepared.values),
  };
}

async function prepare(request: RunRequest): Promise<{ run: string; values: FrameValues }> {
  const { runbook, session } = request;
  const { deployment } = session;
  refuseTopology(runbook, deployment.kind);
  const now = new Date();
  const run = newRunId(now);
  const values: FrameValues = {
    inputs: resolveInputs(runbook, request.inputs, "--input"),
    secrets: await resolveSecrets(runbook.secrets, request.env),
    run: { id: run, started_at: now.toISOString() },
    cluster: { name: deployment.name, topology: deployment.kind, master_name: deployment.masterName ?? null },
  };
  return { run, values };
}

/** A run that only reads leaves no journal: status is called every few seconds from dashboards and laptops. */
async function openJournal(request: RunRequest, run: string, values: FrameValues): Promise<Journal | undefined> {
  const { runbook, session, env } = request;
  if (stepsOf(runbook).every(({ effect }) => effect === "read")) return undefined;
  const journal = await Journal.create(`${stateDir(env)}/runs`, run);
  await journal.append({
    kind: "run_started",
    run,
    runbook: runbook.name,
    version: runbook.version,
    digest: runbook.source.digest,
    deployment: session.deployment.name,
    inputs: values.inputs,
  });
  return journal;
}

function services(request: RunRequest, journal: Journal | undefined, emit: (event: RunEventBody) => void): OpServices {
  const { live } = request.session;
  const { signal, pause } = request;
  return { live, journal, signal, pause, emit, evaluator: new Evaluator(live, signal), random: Math.random };
}

function emitter(sink: EventSink, run: string): (event: RunEventBody) => void {
  return (event) => sink({ at: new Date().toISOString(), run, ...event });
}

function refuseTopology(runbook: Runbook, kind: string): void {
  const { topology } = runbook.requires;
  if (!topology || topology.includes(kind)) return;
  throw new RedishaError({
    code: "RUNBOOK_TOPOLOGY",
    message: `The runbook ${runbook.name} is for ${topology.join(" or ")}; this deployment is a ${kind}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha runbook list"],
  });
}
