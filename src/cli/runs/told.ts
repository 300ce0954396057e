import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { shownBackup } from "../backup/run-backup.ts";
import { shownFix } from "../cluster/fix-render.ts";
import { shownReshard } from "../reshard/render.ts";
import { restoreAdvice, shownOutputs, withWarnings } from "../restore/render.ts";
import { rollbackAdvice, shownRollback } from "../upgrade/rollback-render.ts";

/** What a run came to, as the command that begins such runs tells it. */
interface Told {
  readonly summary: RunSummary;
  readonly shown: RunSummary["outputs"];
  /** What to type next. */
  readonly advice: readonly string[];
}

/** The same words for a run that was gone on with as for one that was never broken off. */
export function told(summary: RunSummary): Told {
  const { runbook, outputs } = summary;
  if (runbook === "backup") return { summary, shown: shownBackup(summary), advice: [] };
  if (runbook === "rollback") return { summary, shown: shownRollback(summary), advice: rollbackAdvice(summary) };
  if (runbook === "reshard" || runbook === "rebalance") return { summary, shown: shownReshard(summary), advice: [] };
  if (runbook === "cluster-fix") return { summary, shown: shownFix(summary), advice: [] };
  if (!runbook.startsWith("restore")) return { summary, shown: outputs, advice: [] };
  return { summary: withWarnings(summary), shown: shownOutputs(summary), advice: restoreAdvice(summary) };
}
