import type { Diagnosed, DoctorReport } from "../../doctor/report.ts";
import { SYMPTOMS } from "../../doctor/symptoms.ts";
import { wrapAdvice } from "../output/advice.ts";
import { plural } from "../output/format.ts";
import { oneLine, wrap } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";
import type { DoctorList } from "./result.ts";

/** Evidence that is shown of one cause; the JSON, and --verbose, have all. */
const SHOWN = 8;

interface How {
  readonly theme: Theme;
  readonly width: number;
  readonly all: boolean;
}

/** What was found, each with its evidence and what mends it; then what was looked at, and what could not be. */
export function renderDoctor(report: DoctorReport, how: How): string {
  const { theme, width } = how;
  const head = theme.dim(wrap(oneLine(report.summary), width, `${theme.strong(report.deployment)} `, "  "));
  const found = report.diagnoses.flatMap((each) => ["", ...linesOf(each, how)]);
  return [head, ...found, "", ...verdictOf(report, theme, width)].join("\n");
}

function linesOf(found: Diagnosed, { theme, width, all }: How): string[] {
  const { symbols, bad, warn, dim, accent } = theme;
  const look =
    found.severity === "critical" ? { symbol: symbols.bad, paint: bad } : { symbol: symbols.warn, paint: warn };
  const { symbol, paint } = found.severity === "info" ? { symbol: symbols.info, paint: dim } : look;
  const shown = all ? found.evidence : found.evidence.slice(0, SHOWN);
  const more = found.evidence.length - shown.length;
  return [
    wrap(
      `${theme.strong(found.title)} ${dim(`${found.cause}, ${found.confidence}`)}`,
      width,
      `${paint(symbol)} `,
      "  ",
    ),
    wrap(oneLine(found.message), width, "    "),
    ...shown.map(({ where, source, value, at }) =>
      dim(
        wrap(
          oneLine(`${where} ${source}: ${value}${at === null ? "" : ` (${clock(at)})`}`),
          width,
          `    ${symbols.dot} `,
          "      ",
        ),
      ),
    ),
    ...(more > 0 ? [dim(`    ${symbols.dot} and ${more} more: --verbose`)] : []),
    ...(all ? [wrap(found.why, width, "    ")] : []),
    ...(found.mend
      ? [
          `    ${symbols.arrow} ${accent(`${found.mend.command} --dry-run`)}`,
          `    ${symbols.arrow} ${accent(found.mend.command)}`,
        ]
      : []),
    ...found.next.map((line) => accent(wrapAdvice(line, width, `    ${symbols.arrow} `, "      "))),
  ];
}

/** `2026-11-21 11:30:01Z`: logs of several hosts, in one zone. */
function clock(at: string): string {
  return at.replace("T", " ").replace(/\.\d+Z$/, "Z");
}

function verdictOf(report: DoctorReport, theme: Theme, width: number): string[] {
  const { seen, asked, diagnoses, not_seen, symptom } = report;
  const about = symptom === null ? "" : ` for: ${SYMPTOMS[symptom].toLowerCase()}`;
  const words = [
    plural(seen.servers, "server"),
    ...(seen.sentinels > 0 ? [plural(seen.sentinels, "Sentinel")] : []),
    plural(seen.hosts, "host"),
    `${plural(seen.logs, "log")} of the last ${Math.round(report.within_s / 60)} min (${plural(seen.log_lines, "line")})`,
    ...(seen.connections > 0 ? [`${plural(seen.connections, "connection")} between hosts`] : []),
  ];
  const verdict =
    diagnoses.length === 0
      ? theme.good(`${theme.symbols.ok} Nothing found${about}`)
      : `${plural(diagnoses.length, "cause")} found${about}`;
  return [
    verdict,
    theme.dim(wrap(`looked for ${plural(asked.length, "cause")} in ${words.join(", ")}`, width)),
    ...not_seen.map(({ where, what, why }) =>
      theme.warn(wrap(oneLine(`not seen: ${what}, ${where}: ${why}`), width, "", "  ")),
    ),
  ];
}

export function renderDoctorList({ symptoms, causes }: DoctorList, theme: Theme, width: number): string {
  return symptoms
    .map(({ symptom, title }) =>
      [
        `${theme.strong(symptom)}  ${title}`,
        ...causes
          .filter((cause) => cause.symptoms.includes(symptom))
          .map((cause) => wrap(`${cause.cause}: ${cause.title}`, width, "    ", "      ")),
      ].join("\n"),
    )
    .join("\n\n");
}
