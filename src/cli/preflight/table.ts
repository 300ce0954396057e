import type { Checked, CheckResult, PreflightReport } from "../../preflight/report.ts";
import { wrapAdvice } from "../output/advice.ts";
import { plural } from "../output/format.ts";
import { oneLine, wrap } from "../output/text.ts";
import type { Paint, Theme } from "../output/theme.ts";

const WEIGHTS = ["error", "warning", "info"] as const;
type Weight = (typeof WEIGHTS)[number];

/** Commands for single subjects that are told; the JSON has all. */
const OWN_SHOWN = 3;

interface How {
  readonly theme: Theme;
  readonly width: number;
  /** Every result, those that pass too. */
  readonly all: boolean;
}

/** A line per check; below those that are not as they should be: whom it is about, what to type, why, where to read on. */
export function renderPreflight(report: PreflightReport, how: How): string {
  const { theme, width } = how;
  const head = `${theme.strong(report.deployment)} ${theme.dim(`profile ${report.profile}`)}`;
  const checks = report.checks.flatMap((check) => linesOf(check, how));
  return [head, "", ...checks, "", wrap(verdictOf(report, theme), width, "", "  ")].join("\n");
}

function linesOf(check: Checked, { theme, width, all }: How): string[] {
  const standing = check.results.filter((each) => each.waived === null);
  const wrong = standing.filter(({ weight }) => weight !== null);
  const weight = WEIGHTS.find((each) => wrong.some((result) => result.weight === each)) ?? "info";
  const { symbol, paint } = look(check.verdict, weight, theme);
  const shown = all ? standing : wrong;
  const tail = wrong.length > 0 ? paint(weight) : shown.length > 0 ? "" : theme.dim(summaryOf(standing));
  const title = [check.title, theme.dim(check.check), tail].filter(Boolean).join(" ");
  const lines = [wrap(title, width, `${paint(symbol)} `, "  ")];
  for (const group of grouped(shown)) lines.push(groupLines(group, theme, width));
  for (const { subject, waived } of check.results) {
    if (waived) lines.push(theme.dim(`    ${subject}: waived until ${waived.until}: ${oneLine(waived.reason)}`));
  }
  if (wrong.length === 0) return lines;
  const wanted = [...new Set(wrong.map((each) => each.wanted))].join("; ");
  const fixes = wrong.some(({ fix }) => fix !== null) ? [`redisha preflight --fix --only ${check.check}`] : [];
  const own = wrong.flatMap(({ fix, next }) => (fix === null ? next : []));
  const next = [...new Set([...fixes, ...own.slice(0, OWN_SHOWN), ...check.mend])];
  return [
    ...lines,
    theme.dim(wrap(`wanted: ${wanted}`, width, "    ", "      ")),
    wrap(check.why, width, "    "),
    ...next.map((advice) => theme.accent(wrapAdvice(advice, width, `    ${theme.symbols.arrow} `, "      "))),
    theme.dim(`    ${check.documentation}`),
  ];
}

/** Results that say the same of several subjects, told together. */
function grouped(results: readonly CheckResult[]): CheckResult[][] {
  const groups = new Map<string, CheckResult[]>();
  for (const result of results) {
    const key = `${result.verdict} ${result.measured}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()];
}

function groupLines(group: readonly CheckResult[], theme: Theme, width: number): string {
  const [first] = group;
  if (!first) return "";
  const { symbol, paint } = look(first.verdict, first.weight ?? "info", theme);
  const subjects = group.map(({ subject }) => subject).join(", ");
  return paint(wrap(`${subjects}: ${oneLine(first.measured)}`, width, `    ${symbol} `, "      "));
}

/** What is told of a check where all is well: the measured value where it is the same everywhere. */
function summaryOf(results: readonly CheckResult[]): string {
  const measured = [...new Set(results.map((result) => oneLine(result.measured)))];
  const [only] = measured;
  return measured.length === 1 && only !== undefined ? only : plural(results.length, "subject");
}

function look(verdict: CheckResult["verdict"], severity: Weight, theme: Theme): { symbol: string; paint: Paint } {
  const { symbols, good, warn, bad, dim } = theme;
  switch (verdict) {
    case "pass":
      return { symbol: symbols.ok, paint: good };
    case "skip":
      return { symbol: symbols.none, paint: dim };
    case "warn":
      return { symbol: symbols.warn, paint: warn };
    default: {
      const paint = severity === "error" ? bad : severity === "warning" ? warn : dim;
      const symbol = severity === "error" ? symbols.bad : severity === "warning" ? symbols.warn : symbols.info;
      return { symbol: verdict === "unknown" ? symbols.unknown : symbol, paint };
    }
  }
}

function verdictOf({ counts, weights, refused, fail_on }: PreflightReport, theme: Theme): string {
  const parts = [
    `${counts.pass} passed`,
    ...(weights.error > 0 ? [plural(weights.error, "error")] : []),
    ...(weights.warning > 0 ? [plural(weights.warning, "warning")] : []),
    ...(weights.info > 0 ? [plural(weights.info, "remark")] : []),
    ...(counts.unknown > 0 ? [`${counts.unknown} of them not known`] : []),
    ...(counts.waived > 0 ? [`${counts.waived} waived`] : []),
    ...(counts.skip > 0 ? [`${counts.skip} left out`] : []),
  ];
  const what = refused ? theme.bad(`refused (--fail-on ${fail_on})`) : theme.good("not refused");
  return `${parts.join(", ")}: ${what}`;
}
