import type { PreflightReport } from "../../preflight/report.ts";
import { adviceOf, casesOf, isFine, lineOf, type ReportCase } from "./cases.ts";

/** JUnit's XML, by the schema of Jenkins: a suite per check, a case per subject. What only warns is a case that passes, and says so. */
export function renderJunit(report: PreflightReport): string {
  const refusing = refusingWeights(report);
  const cases = casesOf(report);
  const suites = report.checks.map((check) => {
    const own = cases.filter((each) => each.check === check);
    return [
      `  <testsuite${attributes({ name: check.check, ...countsOf(own, refusing), timestamp: report.checked_at.slice(0, 19) })}>`,
      ...own.flatMap((each) => caseLines(each, report, refusing)),
      "  </testsuite>",
    ].join("\n");
  });
  const all = { name: `redisha preflight ${report.deployment}`, ...countsOf(cases, refusing) };
  const { skipped: _, ...head } = all;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(head)}>`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

type Weight = "error" | "warning" | "info";

/** What fails a case is what makes the gate refuse: the two never say different things. */
function refusingWeights({ fail_on }: PreflightReport): readonly Weight[] {
  const all = ["error", "warning", "info"] as const;
  return fail_on === "never" ? [] : all.slice(0, all.indexOf(fail_on) + 1);
}

type State = "passed" | "failed" | "errored" | "skipped";

function stateOf(each: ReportCase, refusing: readonly Weight[]): State {
  const { verdict, weight, waived } = each.result;
  if (verdict === "skip" || waived !== null) return "skipped";
  if (isFine(each) || weight === null || !refusing.includes(weight)) return "passed";
  return verdict === "unknown" ? "errored" : "failed";
}

function countsOf(cases: readonly ReportCase[], refusing: readonly Weight[]) {
  const count = (state: State) => String(cases.filter((each) => stateOf(each, refusing) === state).length);
  return {
    tests: String(cases.length),
    failures: count("failed"),
    errors: count("errored"),
    skipped: count("skipped"),
  };
}

function caseLines(each: ReportCase, report: PreflightReport, refusing: readonly Weight[]): string[] {
  const { check, result } = each;
  const open = `    <testcase${attributes({ name: `${check.title} (${result.subject})`, classname: `${report.deployment}.${check.check}` })}`;
  const body = bodyOf(each, stateOf(each, refusing));
  return body === "" ? [`${open}/>`] : [`${open}>`, `      ${body}`, "    </testcase>"];
}

function bodyOf(each: ReportCase, state: State): string {
  const { result, check } = each;
  const message = { message: lineOf(each), type: check.severity };
  const text = escaped(adviceOf(each).join("\n"));
  switch (state) {
    case "failed":
      return `<failure${attributes(message)}>${text}</failure>`;
    case "errored":
      return `<error${attributes(message)}>${text}</error>`;
    case "skipped": {
      const why = result.waived ? `waived until ${result.waived.until}: ${result.waived.reason}` : result.measured;
      // As text: readers take it so, and schemas older than that of Jenkins have no message there.
      return `<skipped>${escaped(why)}</skipped>`;
    }
    default:
      return isFine(each) ? "" : `<system-out>${escaped(`${result.weight}: ${lineOf(each)}`)}</system-out>`;
  }
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join("");
}

/** XML has no way to write most control characters, not even escaped. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
