import type { PreflightReport } from "../../preflight/report.ts";
import { adviceOf, casesOf, isFine, type ReportCase } from "./cases.ts";

/** TAP version 14: a test point per subject of a check; what only warns is a `TODO`, which fails nobody. */
export function renderTap(report: PreflightReport): string {
  const cases = casesOf(report);
  const points = cases.flatMap((each, at) => [pointOf(each, at + 1, report), ...(isFine(each) ? [] : details(each))]);
  return ["TAP version 14", `1..${cases.length}`, ...points, ""].join("\n");
}

function pointOf(each: ReportCase, number: number, { fail_on }: PreflightReport): string {
  const { check, result } = each;
  const name = `${check.check} ${result.subject}`.replaceAll("#", "\\#");
  if (result.verdict === "skip") return `ok ${number} - ${name} # SKIP ${directive(result.measured)}`;
  if (result.waived)
    return `not ok ${number} - ${name} # TODO waived until ${result.waived.until}: ${directive(result.waived.reason)}`;
  if (result.weight === null) return `ok ${number} - ${name}`;
  const order = ["error", "warning", "info"];
  const refuses = fail_on !== "never" && order.indexOf(result.weight) <= order.indexOf(fail_on);
  return `not ok ${number} - ${name}${refuses ? "" : ` # TODO ${result.weight}`}`;
}

/** A block of YAML below a point; JSON strings are YAML too. */
function details(each: ReportCase): string[] {
  const { check, result } = each;
  const lines: [string, unknown][] = [
    ["message", check.title],
    ["severity", result.weight],
    ["measured", result.measured],
    ["wanted", result.wanted],
    ["advice", adviceOf(each)],
  ];
  return ["  ---", ...lines.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`), "  ..."];
}

function directive(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
