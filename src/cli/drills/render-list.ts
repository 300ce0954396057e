import { amount, time, verdictWords } from "../../report/drill/words.ts";
import { stamp } from "../../report/words.ts";
import type { DrillRecord } from "../../use-cases/drills.ts";
import { shortAge } from "../output/format.ts";
import { renderTable } from "../output/table.ts";
import type { Theme } from "../output/theme.ts";
import { sparkline } from "./sparkline.ts";

/** Drills, the newest first, and how outage and loss of each kind of drill went over time. `now` is in milliseconds. */
export function renderDrills(
  drills: readonly DrillRecord[],
  options: { theme: Theme; width?: number; now: number },
): string {
  const { theme, now } = options;
  const table = renderTable(
    [
      { header: "RUN" },
      { header: "DEPLOYMENT", dropOrder: 3 },
      { header: "MODE" },
      { header: "VERDICT" },
      { header: "STARTED (UTC)", dropOrder: 2 },
      { header: "AGO", align: "right", dropOrder: 4 },
      { header: "OUTAGE", align: "right" },
      { header: "LOST", align: "right" },
      { header: "REDUNDANT", align: "right", dropOrder: 1 },
    ],
    drills.map((drill) => [
      { text: drill.run, paint: theme.strong },
      drill.deployment,
      drill.mode,
      verdictCell(drill, theme),
      stamp(drill.started_at).slice(0, 16),
      shortAge((now - Date.parse(drill.started_at)) / 1_000),
      time(drill.write_outage_ms),
      drill.lost_writes === null ? theme.symbols.unknown : amount(drill.lost_writes),
      time(drill.redundant_ms),
    ]),
    options,
  );
  const trends = trendsOf(drills, theme);
  return trends.length === 0 ? table : `${table}\n\n${trends.join("\n")}`;
}

/** The word of a verdict behind its symbol, in its colour. */
export function verdictCell({ verdict }: Pick<DrillRecord, "verdict">, theme: Theme) {
  const { symbols } = theme;
  const { word, tone } = verdictWords({ verdict: { state: verdict } });
  const symbol = { good: symbols.ok, warn: symbols.warn, bad: symbols.bad }[tone];
  return { text: `${symbol} ${word}`, paint: theme[tone] };
}

/** A line for each kind of drill of which there are several, the oldest first. */
function trendsOf(drills: readonly DrillRecord[], theme: Theme): string[] {
  const kinds = Map.groupBy(drills, ({ deployment, mode }) => `${deployment} ${mode}`);
  return [...kinds].flatMap(([kind, its]) => {
    if (its.length < 2) return [];
    const outage = its.map(({ write_outage_ms }) => write_outage_ms).reverse();
    const lost = its.map(({ lost_writes }) => lost_writes).reverse();
    const days = `${its.at(-1)?.started_at.slice(0, 10)} to ${its[0]?.started_at.slice(0, 10)}`;
    return [
      `${theme.strong(kind)} ${theme.dim(days)}`,
      `  outage  ${trend(outage, theme)}  at most ${time(mostOf(outage))}`,
      `  lost    ${trend(lost, theme)}  at most ${mostOf(lost)}`,
    ];
  });
}

function trend(values: readonly (number | null)[], { symbols, accent }: Theme): string {
  return accent(sparkline(values, { most: mostOf(values), bars: symbols.bars }));
}

function mostOf(values: readonly (number | null)[]): number {
  return Math.max(0, ...values.map((value) => value ?? 0));
}
