import { oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";
import type { PlannedRollback } from "./results.ts";

/** What going back would do, in order, with the exact commands. */
export function renderPlannedRollback({ run, ops }: PlannedRollback, theme: Theme): string {
  if (ops.length === 0) return `Run ${run} changed nothing that is not taken back already.`;
  const lines = [theme.strong(`Going back from run ${run} would, in this order:`)];
  for (const [index, op] of ops.entries()) {
    const doubt = op.in_doubt ? theme.warn("  if it took effect, which is found out first") : "";
    const name = `${theme.strong(op.step)} on ${op.target}`;
    const what = {
      undo: `take back ${name}`,
      kept: `leave ${name}: its step has no way back`,
      gone: `leave ${name}: the runbook or redisha.yaml does not have it any more`,
    }[op.how];
    lines.push(`${String(index + 1).padStart(3)}. ${what}${doubt}`);
    for (const command of op.commands) lines.push(`     $ ${oneLine(command)}`);
  }
  return lines.join("\n");
}
