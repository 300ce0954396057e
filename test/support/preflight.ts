/**
 * `redisha preflight --json`, held to its schemas, as verdicts by check and subject:
 *
 *     const seen = await preflight(lab.file);
 *     expect(seen.of("backlog-size", "r1:6379")).toMatchObject({ verdict: "fail" });
 */
import { expect } from "vitest";
import { type CheckResult, type PreflightReport, reportSchema } from "../../src/preflight/report.ts";
import { type RunOptions, redisha } from "./redisha.ts";
import { refusedBy } from "./status.ts";

export interface Seen {
  readonly exit: number | null;
  readonly report: PreflightReport;
  /** The worst verdict of each check. */
  readonly verdicts: Readonly<Record<string, string>>;
  of(check: string, subject: string): CheckResult | undefined;
}

export async function preflight(file: string, flags: readonly string[] = [], options: RunOptions = {}): Promise<Seen> {
  const { code, stdout, stderr } = await redisha(["preflight", "--file", file, "--json", ...flags], options);
  // A run that changes something warns of a lock that keeps out this machine alone.
  if (!flags.includes("--fix")) expect(stderr).toBe("");
  const document: { exit: number; result: unknown } = JSON.parse(stdout);
  expect(await refusedBy("envelope", document)).toBeNull();
  expect(await refusedBy("preflight", document.result)).toBeNull();
  expect(code).toBe(document.exit);
  const report = reportSchema.parse(document.result);
  return {
    exit: code,
    report,
    verdicts: Object.fromEntries(report.checks.map(({ check, verdict }) => [check, verdict])),
    of: (check, subject) =>
      report.checks.find((each) => each.check === check)?.results.find((result) => result.subject === subject),
  };
}
