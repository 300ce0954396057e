import type { DrillReport } from "../../drill/report-schema.ts";
import { COMPARED, figureOf } from "../../report/drill/compare.ts";
import { type Column, renderTable } from "../output/table.ts";
import type { Theme } from "../output/theme.ts";
import { verdictCell } from "./render-list.ts";
import { sparkline } from "./sparkline.ts";

/** Figures as rows, drills as columns, the oldest first; where the terminal is narrow, the older ones stand in the trend alone. */
export function renderComparison(reports: readonly DrillReport[], options: { theme: Theme; width?: number }): string {
  const { theme } = options;
  const columns: Column[] = [
    { header: "" },
    { header: "TREND" },
    ...reports.map(({ started_at }, index) => ({
      header: started_at.slice(0, 10),
      align: "right" as const,
      ...(index === reports.length - 1 ? {} : { dropOrder: index + 1 }),
    })),
  ];
  const verdicts = reports.map(({ verdict }) => {
    const { text, paint } = verdictCell({ verdict: verdict.state }, theme);
    return { text: text.split(" ")[0] ?? "", paint };
  });
  const rows = COMPARED.map(({ figure, label, words }) => {
    const values = reports.map(({ figures }) => figureOf(figures, figure));
    const most = Math.max(0, ...values.map((value) => value ?? 0));
    return [
      label,
      { text: sparkline(values, { most, bars: theme.symbols.bars }), paint: theme.accent },
      ...values.map(words),
    ];
  });
  const head = [
    ["run", "", ...reports.map(({ run }) => run.slice(-6))],
    ["mode", "", ...reports.map(({ mode }) => mode)],
    ["verdict", "", ...verdicts],
  ];
  return renderTable(columns, [...head, ...rows], options);
}
