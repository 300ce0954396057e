import type { Action } from "../actions/contract.ts";
import { RedishaError } from "../core/errors.ts";
import type { Step, Undo } from "../runbook/model.ts";
import { contextFor } from "./attempt.ts";
import type { OpTarget, Scope } from "./evaluator.ts";
import type { OpServices } from "./op.ts";
import type { PlannedCommand, PlannedOp } from "./plan.ts";
import { commandsOf, inputOf } from "./shown.ts";

/** What one op would do and what would take it back. Reads what undo needs, since that is known only from the server. */
export async function planOp(
  step: Step,
  action: Action,
  op: OpTarget,
  at: Scope,
  services: OpServices,
): Promise<PlannedOp> {
  const use = { step: step.id, position: step.with.position };
  const rendered = await services.evaluator.template(step.with, at.frame, op.target);
  const commands: PlannedCommand[] = [...commandsOf(action, use, rendered, op)];
  for (const { that } of step.assertions ?? []) commands.push(here(`assert ${that.source}`));
  if (step.until) commands.push(here(`until ${step.until.source}`));
  return { target: op.id, commands, undo: await planUndo(step, action, rendered, op, at, services) };
}

async function planUndo(
  step: Step,
  action: Action,
  rendered: unknown,
  op: OpTarget,
  at: Scope,
  services: OpServices,
): Promise<PlannedOp["undo"]> {
  if (step.effect === "read" || step.undo === undefined) return null;
  if (step.undo === "none") return "none";
  const undoing = services.actions.get(step.undo.action);
  if (!undoing) return null;
  try {
    const input = inputOf(action, { step: step.id, position: step.with.position }, rendered);
    const before = await action.before?.(input, contextFor(op, step.id, services.signal, services));
    const wanted = await services.evaluator.template(step.undo.with, at.frame, op.target, { before: before ?? {} });
    const commands = commandsOf(undoing, { step: `${step.id} (undo)`, position: step.undo.position }, wanted, op);
    return [...commands, ...heldByHost(step.undo)];
  } catch (error) {
    if (!(error instanceof RedishaError)) throw error;
    return [here(`${step.undo.action}, with what is known when the step has run`)];
  }
}

/** What an undo that is armed adds: it is carried out at the end of the run, or by the host. */
function heldByHost({ armedMs }: Undo): PlannedCommand[] {
  if (armedMs === undefined) return [];
  return [here(`at the end of the run; by the host itself once the run is silent for ${armedMs / 1_000} s`)];
}

function here(text: string): PlannedCommand {
  return { transport: "controller", text };
}
