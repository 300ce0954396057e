import type { Action, ActionContext, Before } from "../actions/contract.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Probe, Step } from "../runbook/model.ts";
import type { Evaluator, OpTarget, Scope } from "./evaluator.ts";
import type { LiveDeployment } from "./live.ts";
import { inputOf } from "./shown.ts";

/** What the operator said of ops in doubt: `step@target`, or `step` for all its targets. */
export interface OperatorAnswers {
  readonly done: readonly string[];
  readonly redo: readonly string[];
}

export const NO_ANSWERS: OperatorAnswers = { done: [], redo: [] };

interface Asking {
  readonly evaluator: Evaluator;
  readonly live: LiveDeployment;
  readonly answers: OperatorAnswers;
  readonly signal: AbortSignal;
  readonly run: string;
  readonly actions: ReadonlyMap<string, Action>;
  /** What the operator typed to get here. */
  readonly verb?: "resume" | "rollback";
}

/** How an op in doubt ended, and who told. */
export interface Settled {
  readonly tookEffect: boolean;
  readonly by: string;
  /** It is done again, and may have changed a part before. */
  readonly partial?: true;
}

/**
 * Settles an op that was started and whose end is not known: by the step's `probe`, by what the action itself can tell,
 * by the step's `verify` where that holds, or by the operator's word. Fails with OP_IN_DOUBT (exit 7) where none tells.
 */
export async function settleDoubt(
  step: Step,
  action: Action,
  input: unknown,
  op: OpTarget,
  at: Scope,
  path: string,
  context: ActionContext,
  before: Before,
  { evaluator, live, answers, signal, run, actions, verb = "resume" }: Asking,
): Promise<Settled> {
  const names = [path, `${path}@${op.id}`];
  if (names.some((name) => answers.done.includes(name))) return { tookEffect: true, by: "operator" };
  if (names.some((name) => answers.redo.includes(name))) return { tookEffect: false, by: "operator" };
  await live.topology(signal, { fresh: true });
  if (action.repeatable) {
    const by = `${action.name}, which can be done again`;
    // What it finds done already then may be of its own making.
    return verb === "rollback" ? { tookEffect: true, by } : { tookEffect: false, by, partial: true };
  }
  if (step.probe) {
    const result = await readForProbe(step.probe, step, op, at, context, before, { evaluator, actions });
    return { tookEffect: await evaluator.condition(step.probe.that, at.frame, op.target, { result }), by: "probe" };
  }
  const told = await action.probe?.(input, context, before);
  if (told !== undefined) return { tookEffect: told, by: `probe of ${action.name}` };
  const after = step.verify?.that;
  if (after && !after.reads.includes("result") && (await evaluator.condition(after, at.frame, op.target))) {
    return { tookEffect: true, by: "verify" };
  }
  const name = `${path}@${op.id}`;
  // The name of an undo holds a space and parentheses.
  const typed = /[^\w.:@[\]-]/.test(name) ? `'${name}'` : name;
  throw new RedishaError({
    code: "OP_IN_DOUBT",
    message: `Step ${path} was started on ${op.id}, and nothing tells whether it took effect.`,
    host: op.id,
    exit: EXIT.paused,
    state: "paused; nothing was started since",
    next: [
      `look at ${op.id}, then say that it took effect: redisha runs ${verb} ${run} --done ${typed}`,
      `or that it did not: redisha runs ${verb} ${run} --redo ${typed}`,
    ],
  });
}

/** What the probe's action reads; undefined for a probe that is a condition alone. */
async function readForProbe(
  { call }: Probe,
  step: Step,
  op: OpTarget,
  at: Scope,
  context: ActionContext,
  before: Before,
  { evaluator, actions }: Pick<Asking, "evaluator" | "actions">,
): Promise<unknown> {
  const action = call && actions.get(call.action);
  if (!call || !action) return undefined;
  const rendered = await evaluator.template(call.with, at.frame, op.target, { before });
  const input = inputOf(action, { step: `${step.id} (probe)`, position: call.position }, rendered);
  return (await action.run(input, context)).outputs;
}
