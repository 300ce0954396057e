import type { DrillReport } from "../../drill/report-schema.ts";
import { REPORT_STYLE } from "../html-style.ts";
import { Html, html } from "../html-text.ts";
import { stamp } from "../words.ts";
import { HATCH, legend } from "./legend.ts";
import { DRILL_STYLE } from "./style.ts";
import { errorTable, lossTable, phaseTable, probeTable, resyncTable, stalenessTable } from "./tables.ts";
import { timelineSvg } from "./timeline-svg.ts";
import { clockWords, headlines, storyOf, titleOf, verdictWords } from "./words.ts";

/** Widths at which the timeline is drawn: on a screen or a page, and on a phone. */
const WIDE = 1_120;
const NARROW = 368;

/** The drill as one HTML file that asks nothing of a network; it may be mailed, printed and kept. */
export function drillHtml(report: DrillReport): string {
  const { word, tone } = verdictWords(report);
  const title = titleOf(report);
  return drillPage(
    `${title}: ${word}`,
    html`<h1>${title}</h1>
<p class="verdict ${tone}"><strong>${word}</strong> <span>${storyOf(report)}</span></p>
<ul class="cards">
${headlines(report).map(
  ({ label, value, limit, tone: its }) =>
    html`<li class="${its}"><span>${label}</span><b>${value}</b><span>${limit}</span></li>`,
)}
</ul>
${section(
  "Timeline",
  html`<p class="soft">Seconds after the ${originWords(report)}. Lines are phases; each is listed below.</p>
${HATCH}
${timelineSvg(report, WIDE)}
${timelineSvg(report, NARROW)}
${legend(report)}`,
)}
${section("Phases", phaseTable(report))}
${section("Clients", probeTable(report))}
${section("Lost and unknown writes", lossTable(report))}
${report.errors.length === 0 ? "" : section("Errors", errorTable(report))}
${report.resyncs.length === 0 ? "" : section("Resyncs", resyncTable(report))}
${report.staleness.length === 0 ? "" : section("Age of reads", stalenessTable(report))}
${section("How it was measured", measured(report))}`,
  );
}

/** A page in the style of drills. */
export function drillPage(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(REPORT_STYLE + DRILL_STYLE)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}

export function section(title: string, body: Html): Html {
  return html`<section><h2>${title}</h2>${body}</section>`;
}

function originWords({ origin, mode }: DrillReport): string {
  if (origin.name === "fault" && mode !== "switchover") return "fault";
  return origin.name === "start" ? "start of the recording" : "beginning of the switchover";
}

function measured(report: DrillReport): Html {
  const { run, deployment, kind, started_at, old_primary, new_primary, notes, origin } = report;
  return html`${notes.length === 0 ? "" : html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul><br>`}<dl>
<dt>Run</dt><dd><code>${run}</code></dd>
<dt>Deployment</dt><dd>${deployment}, ${kind}</dd>
<dt>Recorded</dt><dd>from ${stamp(started_at)}; time 0 is ${stamp(origin.at)}</dd>
<dt>Primary</dt><dd><code>${old_primary}</code> before, <code>${new_primary ?? "none seen"}</code> after</dd>
<dt>Outage</dt><dd>of a client: the longest time between two acknowledgements, by its own clock, that ended after time 0. The outage of the drill is that of the worst client that counts.</dd>
<dt>Lost</dt><dd>acknowledged, and not on the new primary when every write was looked for there, after the old one had rejoined. What had no answer is unknown, not lost.</dd>
<dt>Clock</dt><dd>${clockWords(report)}</dd>
</dl>`;
}
