import type { DrillReport } from "../../drill/report-schema.ts";
import { code, section, table, text } from "../markdown-text.ts";
import { stamp } from "../words.ts";
import {
  amount,
  clockWords,
  headlines,
  lossWords,
  PROBE_WORDS,
  seconds,
  silence,
  storyOf,
  time,
  titleOf,
  verdictWords,
} from "./words.ts";

/** The drill as Markdown, for a ticket. */
export function drillMarkdown(report: DrillReport): string {
  const { run, deployment, started_at, phases, errors, resyncs, staleness, notes } = report;
  const parts = [
    `# ${text(titleOf(report))}`,
    `**${verdictWords(report).word}**: ${text(storyOf(report))}`,
    `Run ${code(run)} on ${text(deployment)}, recorded from ${stamp(started_at)}.`,
    table(
      ["", "", ""],
      headlines(report).map(({ label, value, limit }) => [label, `**${value}**`, text(limit)]),
    ),
    section("Phases", [
      table(
        ["After the fault", "Phase", ""],
        phases.map(({ after_ms, label, detail }) => [
          seconds(after_ms),
          text(label),
          detail === "" ? "" : code(detail),
        ]),
      ),
    ]),
    section("Clients", [clients(report)]),
    section("Errors", errors.length === 0 ? [] : [errorRows(report)]),
    section(
      "Resyncs",
      resyncs.map(
        ({ replica, served_by, full, partial }) =>
          `- ${code(replica ?? "not known")} from ${code(served_by)}: ${full} full, ${partial} partial`,
      ),
    ),
    section(
      "Age of reads",
      staleness.map(
        ({ node, median_ms, max_ms, max_writes }) =>
          `- ${code(node)}: median ${time(median_ms)}, oldest ${time(max_ms)}, at most ${max_writes} writes behind`,
      ),
    ),
    section("How it was measured", [...notes.map((note) => `- ${text(note)}`), `- ${text(clockWords(report))}`]),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function clients({ probes }: DrillReport): string {
  const rows = probes.map((probe) => [
    `${code(probe.name)} ${PROBE_WORDS[probe.kind]}${probe.counted ? "" : " (not counted)"}`,
    String(probe.acked),
    `${probe.refused} / ${probe.unknown}`,
    silence(probe.outage),
    silence(probe.lasting_outage),
    probe.undisturbed ? "undisturbed" : probe.first_write_ms === null ? "never" : seconds(probe.first_write_ms),
    probe.kind === "reader" ? "" : amount(probe.lost?.total ?? null),
    lossWords(probe),
  ]);
  return table(
    ["Client", "Acknowledged", "Refused / no answer", "Outage", "Outage, kept writes", "Back after", "Lost", ""],
    rows,
  );
}

function errorRows({ errors }: DrillReport): string {
  return table(
    ["Client", "Error", "", "Times", "First", "Last"],
    errors.map(({ probe, error, outcome, count, first_ms, last_ms }) => [
      code(probe),
      code(error),
      outcome === "refused" ? "refused" : "no answer",
      String(count),
      seconds(first_ms),
      seconds(last_ms),
    ]),
  );
}
