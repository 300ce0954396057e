import { formatDuration } from "../../core/units.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { plural } from "../output/format.ts";
import { oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

/** How a run ended, with what it found: the data of the run, for stdout. */
export function renderSummary(summary: RunSummary, theme: Theme): string {
  const { symbols } = theme;
  const look =
    summary.status === "done" ? theme.good(`${symbols.ok} done`) : theme.bad(`${symbols.bad} ${summary.status}`);
  const lines = [
    `${look} ${summary.runbook} on ${summary.deployment} in ${formatDuration(summary.duration_ms)} ${theme.dim(summary.run)}`,
  ];
  if (summary.tolerated_failures > 0) {
    lines.push(theme.warn(`  ${symbols.warn} ${plural(summary.tolerated_failures, "step")} failed and was allowed to`));
  }
  const width = Math.max(0, ...Object.keys(summary.outputs).map((name) => name.length));
  for (const [name, value] of Object.entries(summary.outputs)) {
    lines.push(`  ${name.padEnd(width)}  ${oneLine(typeof value === "string" ? value : JSON.stringify(value))}`);
  }
  if (summary.journal) lines.push(theme.dim(`  journal ${summary.journal}`));
  return lines.join("\n");
}
