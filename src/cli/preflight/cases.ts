import type { Checked, CheckResult, PreflightReport } from "../../preflight/report.ts";
import { oneLine } from "../output/text.ts";

/** One result of one check: what the formats for other programs are made of. */
export interface ReportCase {
  readonly check: Checked;
  readonly result: CheckResult;
}

export function casesOf({ checks }: PreflightReport): ReportCase[] {
  return checks.flatMap((check) => check.results.map((result) => ({ check, result })));
}

/** Nothing is wrong, or it is accepted for a while. */
export function isFine({ result }: ReportCase): boolean {
  return result.weight === null || result.waived !== null;
}

/** What is wrong, in one line. */
export function lineOf({ check, result }: ReportCase): string {
  return oneLine(`${check.title}: ${result.subject}: ${result.measured}; wanted: ${result.wanted}`);
}

/** Why it matters, what to type and where to read on, a line each. */
export function adviceOf({ check, result }: ReportCase): string[] {
  return [check.why, ...[...result.next, ...check.mend].map(oneLine), check.documentation];
}
