import type { UnfinishedRun } from "../../use-cases/unfinished-run.ts";
import { plural } from "../output/format.ts";

/** What an operator has to know of a run that was left in the middle before anything else is begun. */
export function unfinishedText({ run, runbook, state, last_at, changes }: UnfinishedRun): string {
  const at = `${last_at.slice(0, 10)} ${last_at.slice(11, 19)} UTC`;
  const was = state === "paused" ? `is paused since ${at}` : `was cut off at ${at}`;
  const stand = changes === 1 ? "stands" : "stand";
  return `Run ${run} of ${runbook} is not over: it ${was}, and ${plural(changes, "change")} of it ${stand}. Go on: redisha runs resume ${run}; or go back: redisha runs rollback ${run}`;
}
