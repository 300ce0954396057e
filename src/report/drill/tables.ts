import type { DrillReport } from "../../drill/report-schema.ts";
import { type Html, html } from "../html-text.ts";
import { amount, lossWords, moment, PROBE_WORDS, seconds, silence, time } from "./words.ts";

type Cell = string | number | Html;

/** A heading that begins with `#` stands over numbers. */
function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const look = (index: number) => (headings[index]?.startsWith("#") ? "num" : "");
  return html`<div class="scroll"><table><thead><tr>${headings.map((heading, index) => html`<th class="${look(index)}">${heading.replace("#", "")}</th>`)}</tr></thead><tbody>
${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td class="${look(index)}">${cell}</td>`)}</tr>`)}
</tbody></table></div>`;
}

export function phaseTable({ phases }: DrillReport): Html {
  let before: number | undefined;
  const rows = phases.map(({ label, after_ms, detail }) => {
    const step = before === undefined ? "" : moment(after_ms - before);
    before = after_ms;
    return [seconds(after_ms), step, label, detail];
  });
  return table(["#After the fault", "#Since the last", "Phase", ""], rows);
}

export function probeTable({ probes }: DrillReport): Html {
  const rows = probes.map((probe) => [
    html`<strong class="nowrap">${probe.name}</strong><br><span class="soft">${PROBE_WORDS[probe.kind]}${probe.counted ? "" : "; not counted"}</span>`,
    probe.acked,
    probe.refused,
    probe.unknown,
    silence(probe.outage),
    silence(probe.lasting_outage),
    probe.undisturbed ? "undisturbed" : probe.first_write_ms === null ? "never" : seconds(probe.first_write_ms),
    latency(probe.latency_before),
    latency(probe.latency_after),
  ]);
  return table(
    [
      "Client",
      "#Acknowledged",
      "#Refused",
      "#No answer",
      "#Outage",
      "#Outage, kept writes",
      "#Back after",
      "#Latency before (median / p99)",
      "#after",
    ],
    rows,
  );
}

function latency(it: DrillReport["probes"][number]["latency_before"]): string {
  return it ? `${time(it.median_ms)} / ${time(it.p99_ms)}` : "–";
}

export function lossTable({ probes }: DrillReport): Html {
  const writers = probes.filter(({ kind }) => kind !== "reader");
  return table(
    ["Client", "#Lost", "", "#Unknown", "#of these there", "#Refused but there"],
    writers.map((probe) => [
      html`<strong class="nowrap">${probe.name}</strong>`,
      probe.lost && probe.lost.total > 0
        ? html`<strong class="bad">${probe.lost.total}</strong>`
        : amount(probe.lost?.total ?? null),
      lossWords(probe),
      probe.unknown,
      amount(probe.unknown_found),
      amount(probe.refused_found),
    ]),
  );
}

export function errorTable({ errors }: DrillReport): Html {
  return table(
    ["Client", "Error", "", "#Times", "#First", "#Last"],
    errors.map(({ probe, error, outcome, count, first_ms, last_ms }) => [
      html`<strong class="nowrap">${probe}</strong>`,
      html`<code>${error}</code>`,
      outcome === "refused" ? "refused" : "no answer",
      count,
      seconds(first_ms),
      seconds(last_ms),
    ]),
  );
}

export function resyncTable({ resyncs }: DrillReport): Html {
  return table(
    ["Replica", "From", "#Full", "#Partial"],
    resyncs.map(({ replica, served_by, full, partial }) => [replica ?? "not known", served_by, full, partial]),
  );
}

export function stalenessTable({ staleness }: DrillReport): Html {
  return table(
    ["Replica", "#Reads", "#Median", "#p99", "#Oldest", "#Writes behind at most"],
    staleness.map(({ node, samples, median_ms, p99_ms, max_ms, max_writes }) => [
      node,
      samples,
      time(median_ms),
      time(p99_ms),
      time(max_ms),
      max_writes,
    ]),
  );
}
