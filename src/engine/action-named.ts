import type { Action } from "../actions/contract.ts";
import type { OpServices } from "./op.ts";

/** The action that a step names; a runbook that names one that is not there was refused when it was compiled. */
export function actionNamed(name: string, { actions }: Pick<OpServices, "actions">): Action {
  const action = actions.get(name);
  if (!action) throw new TypeError(`no action ${name}`);
  return action;
}
