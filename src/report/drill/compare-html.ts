import type { DrillFigures, DrillReport } from "../../drill/report-schema.ts";
import { type Html, html } from "../html-text.ts";
import { COMPARED, figureOf } from "./compare.ts";
import { drillPage, section } from "./html.ts";
import { amount, modeWords, time, verdictWords } from "./words.ts";

/** Drills over time, the oldest first: a chart each for outage, loss and recovery, and all figures side by side. */
export function comparisonHtml(reports: readonly DrillReport[]): string {
  const deployments = [...new Set(reports.map(({ deployment }) => deployment))].join(", ");
  const title = `Drills on ${deployments}`;
  const days = [reports.at(0), reports.at(-1)].map((report) => report?.started_at.slice(0, 10) ?? "").join(" to ");
  return drillPage(
    title,
    html`<h1>${title}</h1>
<p class="soft">${reports.length} ${reports.length === 1 ? "drill" : "drills"}, ${days}. A line across a chart is what the budget allowed.</p>
${section(
  "Write outage",
  chart(reports, "write_outage_ms", ({ budget }) => budget.write_outage_ms, time),
)}
${section(
  "Lost writes of clients that count",
  chart(reports, "lost_writes", ({ budget }) => budget.lost_writes, amount),
)}
${section(
  "Time until redundant again",
  chart(reports, "redundant_ms", ({ budget }) => budget.recovery_ms, time),
)}
${section("Side by side", sideBySide(reports))}`,
  );
}

const HEIGHT = 130;
const WIDTH = 900;
const FOOT = 30;
const HEAD = 16;
const MOST_WIDE = 64;

/** A bar per drill with its value above and its day below. What was not measured is a gap with a question mark. */
function chart(
  reports: readonly DrillReport[],
  figure: keyof DrillFigures,
  limitOf: (report: DrillReport) => number | null,
  words: (value: number | null) => string,
): Html {
  const values = reports.map(({ figures }) => figureOf(figures, figure));
  const limits = reports.map(limitOf);
  const most = Math.max(1, ...values.map((value) => value ?? 0), ...limits.map((limit) => limit ?? 0));
  const step = WIDTH / Math.max(8, reports.length);
  const wide = Math.min(MOST_WIDE, step * 0.7);
  const y = (value: number) => HEAD + HEIGHT * (1 - value / most);
  // Days and values stand at every bar only where there is room for them.
  const each = Math.ceil(64 / step);
  const bars = reports.map((report, index) => {
    const value = values[index] ?? null;
    const limit = limits[index] ?? null;
    const middle = (index + 0.5) * step;
    const over = value !== null && limit !== null && value > limit;
    const shown = (reports.length - 1 - index) % each === 0;
    const top = y(value ?? 0);
    const bar = html`<rect class="${over ? "over" : "bar"}" x="${(middle - wide / 2).toFixed(1)}" y="${(top - 1).toFixed(1)}" width="${wide.toFixed(1)}" height="${(HEAD + HEIGHT - top + 1).toFixed(1)}"><title>${report.run}, ${modeWords(report.mode)}: ${words(value)}</title></rect>`;
    const line =
      limit === null
        ? ""
        : html`<line class="limit" x1="${(middle - step / 2).toFixed(1)}" x2="${(middle + step / 2).toFixed(1)}" y1="${y(limit).toFixed(1)}" y2="${y(limit).toFixed(1)}"/>`;
    const label = html`<text class="label" x="${middle.toFixed(1)}" y="${(top - 4).toFixed(1)}" text-anchor="middle">${value === null ? "?" : words(value)}</text>`;
    const day = html`<text class="tick" x="${middle.toFixed(1)}" y="${HEAD + HEIGHT + 13}" text-anchor="middle">${report.started_at.slice(0, 10)}</text><text class="tick" x="${middle.toFixed(1)}" y="${HEAD + HEIGHT + 26}" text-anchor="middle">${report.mode}</text>`;
    return html`${value === null ? "" : bar}${line}${shown ? html`${label}${day}` : ""}`;
  });
  return html`<div class="scroll"><svg class="chart" viewBox="0 0 ${WIDTH} ${HEAD + HEIGHT + FOOT}" role="img" aria-label="${figure.replaceAll("_", " ")}">
${bars}
</svg></div>`;
}

function sideBySide(reports: readonly DrillReport[]): Html {
  const head = reports.map(
    (report) =>
      html`<th class="num"><span class="nowrap">${report.started_at.slice(0, 10)}</span><br>${report.mode}<br><span class="${verdictWords(report).tone}">${verdictWords(report).word}</span><br><code>${report.run.slice(-6)}</code></th>`,
  );
  const rows = COMPARED.map(
    ({ figure, label, words }) =>
      html`<tr><td class="nowrap">${label}</td>${reports.map(({ figures }) => html`<td class="num">${words(figureOf(figures, figure))}</td>`)}</tr>`,
  );
  return html`<div class="scroll"><table><thead><tr><th></th>${head}</tr></thead><tbody>
${rows}
</tbody></table></div>`;
}
