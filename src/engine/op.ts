import type { Action, ActionContext, ActionOutcome } from "../actions/contract.ts";
import { sleep, withTimeout } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { EvalContext, Step } from "../runbook/model.ts";
import { delayAfter, mayRetry } from "./backoff.ts";
import { describeError } from "./describe-error.ts";
import type { Evaluator, OpTarget, Scope } from "./evaluator.ts";
import type { EventError, RunEventBody, StepStatus } from "./events.ts";
import type { OpFacts } from "./facts.ts";
import { asRecord } from "./frame.ts";
import type { Journal } from "./journal.ts";
import type { LiveDeployment } from "./live.ts";
import type { PlannedCommand } from "./plan.ts";
import { masked, revealed } from "./secrets.ts";

/** Between two looks at a condition that does not hold yet, where the step does not say. */
const POLL_MS = 1_000;

/** What an op needs from the run around it. */
export interface OpServices {
  readonly live: LiveDeployment;
  readonly evaluator: Evaluator;
  readonly journal: Journal | undefined;
  /** Stop now. */
  readonly signal: AbortSignal;
  /** Finish the current step, start none after it. */
  readonly pause: AbortSignal;
  readonly emit: (event: RunEventBody) => void;
  readonly random: () => number;
}

/** Runs one step on one target: conditions, attempts, time limit, post-conditions, journal. Failures are facts, not exceptions. */
export async function runOp(
  step: Step,
  action: Action,
  op: OpTarget,
  at: Scope,
  services: OpServices,
): Promise<OpFacts> {
  const { evaluator } = services;
  const path = `${at.path}${step.id}`;
  const finish = (attempt: number, started: number, facts: OpFacts, retryMs?: number) =>
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

  for (let attempt = 1; ; attempt += 1) {
    const started = performance.now();
    try {
      const skipped = await skipReason(step, op, at, evaluator);
      if (skipped) {
        const facts: OpFacts = { status: skipped, changed: false, outputs: {} };
        finish(attempt, started, facts);
        return facts;
      }
      const facts = await attemptOnce(step, action, op, at, attempt, path, services);
      finish(attempt, started, facts);
      return facts;
    } catch (error) {
      const described = describeError(error);
      const status = failureStatus(described, services.signal);
      const facts: OpFacts = { status, changed: false, outputs: {}, error: described };
      const again = !services.signal.aborted && mayRetry(described.code, attempt, step.retry);
      const retryMs = again ? delayAfter(attempt, step.retry, services.random) : undefined;
      finish(attempt, started, facts, retryMs);
      if (retryMs === undefined) return facts;
      await sleep(retryMs, services.signal).catch(() => undefined);
    }
  }
}

async function skipReason(step: Step, op: OpTarget, at: Scope, evaluator: Evaluator): Promise<StepStatus | undefined> {
  if (step.when && !(await evaluator.condition(step.when, at.frame, op.target))) return "skipped_condition";
  if (step.skipIf && (await evaluator.condition(step.skipIf, at.frame, op.target))) return "skipped_done";
  return undefined;
}

async function attemptOnce(
  step: Step,
  action: Action,
  op: OpTarget,
  at: Scope,
  attempt: number,
  path: string,
  services: OpServices,
): Promise<OpFacts> {
  const { evaluator, journal, live } = services;
  const rendered = await evaluator.template(step.with, at.frame, op.target);
  const input = inputOf(action, step, revealed(rendered));
  const commands = commandsOf(action, step, rendered, op).map(({ text }) => text);
  services.emit({ type: "op_started", step: path, target: op.id, attempt, commands });
  const changes = step.effect !== "read";
  const started = performance.now();
  if (changes)
    await journal?.append({ kind: "intent", step: path, target: op.id, attempt, effect: step.effect, commands });

  const settle = async (status: StepStatus, outcome?: ActionOutcome<unknown>, error?: EventError) => {
    if (!changes) return;
    await journal?.append({
      kind: "outcome",
      step: path,
      target: op.id,
      attempt,
      status,
      duration_ms: Math.round(performance.now() - started),
      ...(outcome?.before ? { before: outcome.before } : {}),
      ...(outcome && !step.sensitive ? { outputs: outcome.outputs } : {}),
      ...(error ? { error } : {}),
    });
  };

  try {
    return await withTimeout(
      step.timeoutMs,
      services.signal,
      {
        code: "STEP_TIMEOUT",
        message: `Step ${step.id} took longer than its limit of ${step.timeoutMs} ms on ${op.id}.`,
        host: op.id,
      },
      async (signal) => {
        const context = contextOf(op, path, signal, services);
        const outcome = await untilItHolds(step, action, input, op, at, context, services, signal);
        if (changes) live.invalidate();
        await verify(step, op, at, outcome, services, signal);
        const outputs = await outputsOf(step, op, at, outcome, evaluator);
        const status: StepStatus = outcome.changed ? "changed" : "ok";
        await settle(status, outcome);
        return { status, changed: outcome.changed, outputs, ...(outcome.before ? { before: outcome.before } : {}) };
      },
    );
  } catch (error) {
    const described = describeError(error);
    await settle(failureStatus(described, services.signal), undefined, described);
    throw error;
  }
}

/** Runs the action, and again (reads) or looks again (changes run once) until the step's `until` holds. */
async function untilItHolds(
  step: Step,
  action: Action,
  input: unknown,
  op: OpTarget,
  at: Scope,
  context: ActionContext,
  services: OpServices,
  signal: AbortSignal,
): Promise<ActionOutcome<unknown>> {
  const { evaluator, live } = services;
  const pollMs = intervalOf(input) ?? POLL_MS;
  let outcome = await action.run(input, context);
  for (;;) {
    await refuseFailedResult(step, op, at, outcome, evaluator);
    await refuseFailedAssertions(step, op, at, evaluator);
    if (!step.until) return outcome;
    if (await evaluator.condition(step.until, at.frame, op.target, { result: outcome.outputs })) return outcome;
    context.progress(`waiting until ${step.until.source}`);
    await sleep(pollMs, signal);
    if (readsModel(step.until.reads)) await live.topology(signal, { fresh: true });
    if (step.effect === "read") outcome = await action.run(input, context);
  }
}

async function verify(
  step: Step,
  op: OpTarget,
  at: Scope,
  outcome: ActionOutcome<unknown>,
  { evaluator, live }: OpServices,
  signal: AbortSignal,
): Promise<void> {
  if (!step.verify) return;
  const { that, withinMs } = step.verify;
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await evaluator.condition(that, at.frame, op.target, resultOf(outcome))) return;
    if (performance.now() >= deadline) {
      throw new RedishaError({
        code: "VERIFY_FAILED",
        exit: EXIT.verificationFailed,
        message: `Step ${step.id} ran on ${op.id}, but what it is there for did not become true within ${withinMs} ms: ${that.source}`,
        host: op.id,
        state: "the step's commands were carried out",
        next: ["redisha status"],
      });
    }
    await sleep(Math.min(250, withinMs), signal);
    if (readsModel(that.reads)) await live.topology(signal, { fresh: true });
  }
}

async function refuseFailedResult(
  step: Step,
  op: OpTarget,
  at: Scope,
  outcome: ActionOutcome<unknown>,
  evaluator: Evaluator,
) {
  if (!step.failedWhen || !(await evaluator.condition(step.failedWhen, at.frame, op.target, resultOf(outcome)))) return;
  throw new RedishaError({
    code: "STEP_FAILED_WHEN",
    message: `Step ${step.id} counts as failed on ${op.id}: ${step.failedWhen.source}`,
    host: op.id,
  });
}

async function refuseFailedAssertions(step: Step, op: OpTarget, at: Scope, evaluator: Evaluator): Promise<void> {
  const wrong: string[] = [];
  for (const { that, message } of step.assertions ?? []) {
    if (!(await evaluator.condition(that, at.frame, op.target))) wrong.push(`${message} (${that.source})`);
  }
  if (wrong.length === 0) return;
  throw new RedishaError({
    code: "ASSERT_FAILED",
    exit: EXIT.gateRefused,
    message: wrong.join("; "),
    ...(op.target ? { host: op.id } : {}),
    state: "this step changes nothing; what ran before it stands",
    next: ["redisha status"],
  });
}

async function outputsOf(step: Step, op: OpTarget, at: Scope, outcome: ActionOutcome<unknown>, evaluator: Evaluator) {
  const outputs: Record<string, unknown> = { ...asRecord(outcome.outputs) };
  for (const [name, expression] of Object.entries(step.outputs)) {
    outputs[name] = await evaluator.expression(expression, at.frame, op.target, resultOf(outcome));
  }
  return outputs;
}

function contextOf(op: OpTarget, path: string, signal: AbortSignal, { live, emit }: OpServices): ActionContext {
  return {
    deployment: live.deployment,
    ...whereOf(op),
    signal,
    redis: (instance) => live.connections.redis(instance),
    shell: (host) => live.connections.shell(host),
    topology: (options) => live.topology(signal, options),
    look: (instance) => live.look(instance, signal),
    progress: (message, amount) => emit({ type: "op_progress", step: path, target: op.id, message, ...amount }),
  };
}

/** The commands of an op as they are shown: secrets masked. */
export function commandsOf(action: Action, step: Step, rendered: unknown, op: OpTarget): readonly PlannedCommand[] {
  return action.commands(inputOf(action, step, masked(rendered)), whereOf(op));
}

/** `with`, checked once more now that its templates are filled in. Fails with RUNBOOK_WITH, naming the step. */
function inputOf(action: Action, step: Step, data: unknown): unknown {
  const parsed = action.input.safeParse(data);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${["with", ...path].join(".")}: ${message}`);
  throw new RedishaError({
    code: "RUNBOOK_WITH",
    message: `Step ${step.id} got values that ${step.action} does not take: ${issues.join("; ")}`,
    exit: EXIT.usage,
    position: step.with.position,
    state: "this step did not start",
  });
}

/** The instance or machine of an op, as actions get it. */
function whereOf(op: OpTarget): Pick<ActionContext, "instance" | "host"> {
  if (op.host) return { host: op.host };
  return op.target ? { instance: op.target.instance, host: op.target.instance.host } : {};
}

/** A cancelled op may or may not have taken effect; so may one that ran out of time. */
function failureStatus(error: EventError, signal: AbortSignal): StepStatus {
  if (signal.aborted) return "cancelled";
  return error.code === "STEP_TIMEOUT" ? "in_doubt" : "failed";
}

function resultOf(outcome: ActionOutcome<unknown>): Pick<EvalContext, "before" | "result"> {
  return { result: outcome.outputs };
}

function readsModel(reads: readonly string[]): boolean {
  return reads.some((root) => /^(topo|host)(\.|$)/.test(root));
}

function intervalOf(input: unknown): number | undefined {
  const interval = asRecord(input).interval;
  return typeof interval === "number" ? interval : undefined;
}
