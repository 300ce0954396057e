import { STATE_WORD, stamp, toneOf } from "../../report/words.ts";
import type { RunRecord } from "../../use-cases/runs.ts";
import { shortAge } from "../output/format.ts";
import { renderTable } from "../output/table.ts";
import type { Theme } from "../output/theme.ts";

/** Runs, the newest first: which, on what, how it stands, when, by whom. `now` is in milliseconds. */
export function renderRuns(runs: readonly RunRecord[], options: { theme: Theme; width?: number; now: number }): string {
  const { theme, now } = options;
  return renderTable(
    [
      { header: "RUN" },
      { header: "RUNBOOK", shrinkTo: 12 },
      { header: "DEPLOYMENT" },
      { header: "STATE" },
      { header: "STARTED (UTC)", dropOrder: 2 },
      { header: "AGO", align: "right" },
      { header: "WHO", shrinkTo: 8, dropOrder: 1 },
    ],
    runs.map((run) => [
      { text: run.run, paint: theme.strong },
      run.runbook,
      run.deployment,
      stateCell(run, theme),
      run.started_at === "" ? theme.symbols.none : stamp(run.started_at).slice(0, 16),
      run.started_at === "" ? theme.symbols.none : shortAge((now - Date.parse(run.started_at)) / 1_000),
      `${run.user}@${run.controller}`,
    ]),
    options,
  );
}

/** The word of a state behind its symbol, in its colour. */
export function stateCell({ state }: Pick<RunRecord, "state">, theme: Theme) {
  const { symbols } = theme;
  const tone = toneOf(state);
  const symbol = state === "running" ? symbols.dot : { good: symbols.ok, warn: symbols.warn, bad: symbols.bad }[tone];
  return { text: `${symbol} ${STATE_WORD[state]}`, paint: theme[tone] };
}
