import type { Action, ActionContext } from "../actions/contract.ts";
import type { FilePosition } from "../core/errors.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { OpTarget } from "./evaluator.ts";
import type { PlannedCommand } from "./plan.ts";
import { masked, revealed } from "./secrets.ts";

/** A use of an action: by a step, or by its undo. */
interface Use {
  readonly step: string;
  readonly position: FilePosition;
}

/** `with` as the action takes it, secrets in clear. Fails with RUNBOOK_WITH, naming the step. */
export function inputOf(action: Action, use: Use, rendered: unknown): unknown {
  return parsed(action, use, revealed(rendered));
}

/** The commands of an op as they are shown: secrets masked. */
export function commandsOf(action: Action, use: Use, rendered: unknown, op: OpTarget): readonly PlannedCommand[] {
  return action.commands(parsed(action, use, masked(rendered)), whereOf(op));
}

/** The instance or machine of an op, as actions get it. */
export function whereOf(op: OpTarget): Pick<ActionContext, "instance" | "host"> {
  if (op.host) return { host: op.host };
  return op.target ? { instance: op.target.instance, host: op.target.instance.host } : {};
}

function parsed(action: Action, use: Use, data: unknown): unknown {
  const result = action.input.safeParse(data);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${["with", ...path].join(".")}: ${message}`);
  throw new RedishaError({
    code: "RUNBOOK_WITH",
    message: `Step ${use.step} got values that ${action.name} does not take: ${issues.join("; ")}`,
    exit: EXIT.usage,
    position: use.position,
    state: "this step did not start",
  });
}
