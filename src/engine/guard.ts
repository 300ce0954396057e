import type { Step } from "../runbook/model.ts";
import type { Approve } from "./approval.ts";
import type { Evaluator, OpTarget } from "./evaluator.ts";
import type { Frame } from "./frame.ts";
import type { InvariantWatch } from "./invariants.ts";
import type { Journal } from "./journal.ts";

interface Guarding {
  readonly invariants: InvariantWatch;
  readonly journal: Journal | undefined;
  readonly evaluator: Evaluator;
  readonly approve: Approve;
  readonly deployment: string;
  /** Fails where the lock is not this run's any more. */
  readonly fence: () => Promise<void>;
}

/** What is checked before each op that changes something: the lock, the invariants, the point of no return. */
export function guardOf(guarding: Guarding): (step: Step, op: OpTarget, frame: Frame) => Promise<void> {
  // One after another: ops of one batch must not ask for the same crossing at once.
  let crossings: Promise<void> = Promise.resolve();
  return async (step, op, frame) => {
    const crossing = crossings.then(() => passPointOfNoReturn(step, op, frame, guarding));
    crossings = crossing.catch(() => undefined);
    await crossing;
    if (step.effect === "disruptive" || step.effect === "destructive") await guarding.invariants.refuseViolated();
    // Last, so that as little time as possible lies between it and the command.
    await guarding.fence();
  };
}

/** The step behind which there is no way back is agreed to by typing the deployment's name, once per run. */
async function passPointOfNoReturn(step: Step, op: OpTarget, frame: Frame, guarding: Guarding): Promise<void> {
  const { journal, evaluator, approve, deployment } = guarding;
  const { pointOfNoReturn } = step;
  if (pointOfNoReturn === undefined || journal?.history.pointOfNoReturn !== undefined) return;
  const reached =
    typeof pointOfNoReturn === "boolean"
      ? pointOfNoReturn
      : await evaluator.condition(pointOfNoReturn, frame, op.target);
  if (!reached) return;
  const what = `Step ${step.id} is the point of no return: after it, redisha runs rollback refuses. Go on?`;
  await approve({ what, typed: deployment });
  await journal?.append({ kind: "point_of_no_return", step: step.id });
}
