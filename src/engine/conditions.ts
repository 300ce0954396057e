import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Expression, Step } from "../runbook/model.ts";
import type { Evaluator, OpTarget, Scope } from "./evaluator.ts";
import type { LiveDeployment } from "./live.ts";

/** Between two looks at a post-condition that does not hold yet. */
const VERIFY_POLL_MS = 250;

interface Looking {
  readonly evaluator: Evaluator;
  readonly live: LiveDeployment;
}

/** Fails with STEP_FAILED_WHEN where the step's `failed_when` holds for its result. */
export async function refuseFailedResult(step: Step, op: OpTarget, at: Scope, result: unknown, evaluator: Evaluator) {
  if (!step.failedWhen || !(await evaluator.condition(step.failedWhen, at.frame, op.target, { result }))) return;
  throw new RedishaError({
    code: "STEP_FAILED_WHEN",
    message: `Step ${step.id} counts as failed on ${op.id}: ${step.failedWhen.source}`,
    host: op.id,
  });
}

/** Fails with ASSERT_FAILED, naming every condition of an assert step that does not hold. */
export async function refuseFailedAssertions(step: Step, op: OpTarget, at: Scope, evaluator: Evaluator): Promise<void> {
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
    next: ["redisha status"],
  });
}

/** Looks until the step's post-condition holds; fails with VERIFY_FAILED when its time is up. */
export async function verify(
  step: Step,
  op: OpTarget,
  at: Scope,
  result: unknown,
  { evaluator, live, tell }: Looking & { readonly tell: (message: string) => void },
  signal: AbortSignal,
): Promise<void> {
  if (!step.verify) return;
  const { that, withinMs } = step.verify;
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await holdsYet(that, at, op, result, evaluator)) return;
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
    tell(`waiting until ${that.source}`);
    await sleep(Math.min(VERIFY_POLL_MS, withinMs), signal);
    if (readsModel(that.reads)) await live.topology(signal, { fresh: true });
  }
}

/** Whether a condition that is waited for holds; one that reads a value which is not known now does not hold yet. */
export async function holdsYet(
  condition: Expression,
  at: Scope,
  op: OpTarget,
  result: unknown,
  evaluator: Evaluator,
): Promise<boolean> {
  try {
    return await evaluator.condition(condition, at.frame, op.target, { result });
  } catch (error) {
    if (error instanceof RedishaError && error.code === "RUNBOOK_VALUE_UNKNOWN") return false;
    throw error;
  }
}

/** Of a target: what redisha.yaml says of it, whatever becomes of the server. */
const DECLARED = /^host\.(id|host|zone|address|port)$/;

/** Whether an expression reads the live deployment. */
export function readsModel(reads: readonly string[]): boolean {
  return reads.some((root) => /^(topo|host)(\.|$)/.test(root) && !DECLARED.test(root));
}
