import type { DrillReport } from "../../drill/report-schema.ts";
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
} from "../../report/drill/words.ts";
import { stamp } from "../../report/words.ts";
import { renderTable } from "../output/table.ts";
import { wrap } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";
import { verdictCell } from "./render-list.ts";

interface Look {
  readonly theme: Theme;
  readonly width: number;
}

/** A drill on the terminal: the verdict, the figures with their limits, phases, clients, errors. */
export function renderDrill(report: DrillReport, look: Look): string {
  const { theme, width } = look;
  const cell = verdictCell({ verdict: report.verdict.state }, theme);
  const parts = [
    `${cell.paint(cell.text)}  ${theme.strong(titleOf(report))}\n${theme.dim(`  ${report.run}, ${stamp(report.started_at)}`)}`,
    wrap(storyOf(report), width, "  "),
    figures(report, look),
    heading("Phases", phases(report, look), theme),
    heading("Clients", clients(report, look), theme),
    heading("Lost", losses(report, look), theme),
    heading("Errors", errors(report, look), theme),
    heading("Resyncs", resyncs(report), theme),
    heading(
      "How it was measured",
      [...report.notes, clockWords(report)].map((note) => wrap(note, width, "  ", "    ")).join("\n"),
      theme,
    ),
  ];
  return parts.filter(Boolean).join("\n\n");
}

function heading(title: string, body: string, theme: Theme): string {
  return body === "" ? "" : `${theme.strong(title)}\n${body}`;
}

function figures(report: DrillReport, { theme, width }: Look): string {
  const rows = headlines(report).map(({ label, value, limit, tone }) => {
    const symbol = { good: theme.symbols.ok, bad: theme.symbols.bad, plain: theme.symbols.dot }[tone];
    return [
      { text: `${symbol} ${label}`, paint: tone === "plain" ? theme.dim : theme[tone] },
      { text: value, paint: tone === "bad" ? theme.bad : theme.strong },
      limit,
    ];
  });
  const columns = [{ header: "" }, { header: "", align: "right" as const }, { header: "", shrinkTo: 20 }];
  return renderTable(columns, rows, { theme, width, indent: 2, header: false });
}

function phases({ phases: all }: DrillReport, { theme, width }: Look): string {
  if (all.length === 0) return "";
  const rows = all.map(({ after_ms, label, detail }) => [seconds(after_ms), label, { text: detail, paint: theme.dim }]);
  const columns = [{ header: "", align: "right" as const }, { header: "" }, { header: "", shrinkTo: 10 }];
  return renderTable(columns, rows, { theme, width, indent: 2, header: false });
}

function clients({ probes }: DrillReport, { theme, width }: Look): string {
  if (probes.length === 0) return "";
  const number = "right" as const;
  return renderTable(
    [
      { header: "CLIENT" },
      { header: "", shrinkTo: 12, dropOrder: 1 },
      { header: "ACKED", align: number },
      { header: "REFUSED", align: number, dropOrder: 3 },
      { header: "NO ANSWER", align: number, dropOrder: 4 },
      { header: "OUTAGE", align: number },
      { header: "KEPT WRITES", align: number, dropOrder: 2 },
      { header: "BACK AFTER", align: number },
      { header: "LOST", align: number },
    ],
    probes.map((probe) => [
      { text: probe.name, paint: probe.counted ? theme.strong : theme.dim },
      `${PROBE_WORDS[probe.kind]}${probe.counted ? "" : ", not counted"}`,
      String(probe.acked),
      String(probe.refused),
      String(probe.unknown),
      silence(probe.outage),
      silence(probe.lasting_outage),
      probe.undisturbed ? "undisturbed" : probe.first_write_ms === null ? "never" : seconds(probe.first_write_ms),
      probe.kind === "reader" ? "" : lostCell(probe.lost?.total ?? null, theme),
    ]),
    { theme, width, indent: 2 },
  );
}

function lostCell(lost: number | null, theme: Theme) {
  return { text: amount(lost), paint: lost === 0 ? theme.good : theme.bad };
}

function losses({ probes }: DrillReport, { width }: Look): string {
  return probes
    .filter(({ lost }) => lost !== null && lost.total > 0)
    .map((probe) => wrap(`${probe.name}: ${lossWords(probe)}`, width, "  ", "    "))
    .join("\n");
}

function errors({ errors: all }: DrillReport, { theme, width }: Look): string {
  if (all.length === 0) return "";
  const number = "right" as const;
  return renderTable(
    [
      { header: "CLIENT" },
      { header: "ERROR" },
      { header: "", dropOrder: 1 },
      { header: "TIMES", align: number },
      { header: "FIRST", align: number },
      { header: "LAST", align: number },
    ],
    all.map(({ probe, error, outcome, count, first_ms, last_ms }) => [
      probe,
      error,
      outcome === "refused" ? "refused" : "no answer",
      String(count),
      seconds(first_ms),
      seconds(last_ms),
    ]),
    { theme, width, indent: 2 },
  );
}

function resyncs({ resyncs: all, staleness }: DrillReport): string {
  return [
    ...all.map(
      ({ replica, served_by, full, partial }) =>
        `  ${replica ?? "not known which"} from ${served_by}: ${full} full, ${partial} partial`,
    ),
    ...staleness.map(
      ({ node, max_ms, max_writes }) => `  reads of ${node}: at most ${time(max_ms)} and ${max_writes} writes old`,
    ),
  ].join("\n");
}
