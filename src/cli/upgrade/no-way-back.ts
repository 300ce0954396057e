import { formatBytes } from "../../core/units.ts";
import type { Window } from "../../restore/written-since.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";

/** What was typed, and the backup that the upgrade made. */
interface Typed {
  readonly to: string;
  readonly directory: string | undefined;
  readonly backup: string;
}

/** The refusal of going back without loss, with what a backup from before would cost, and how it is done. */
export function withWindow(summary: RunSummary, { to, directory, backup }: Typed, window: Window): RunSummary {
  const { error } = summary;
  if (!error) return summary;
  const from = directory === undefined ? "" : ` --directory ${directory}`;
  const { since, bytes, announce } = window;
  const written = bytes === null ? "every write" : `${formatBytes(bytes)} of writes`;
  return {
    ...summary,
    error: {
      ...error,
      state: `nothing was touched; going back by backup ${backup} would lose ${written} since ${since}`,
      next: [
        `look into it first: redisha restore --to-scratch ${backup}`,
        `agree to the loss: redisha rollback --to ${to}${from} --backup ${backup} --lose ${announce}`,
      ],
    },
  };
}
