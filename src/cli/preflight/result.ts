import { z } from "zod";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { type PreflightReport, reportSchema } from "../../preflight/report.ts";

/** The report among the outputs of the runbook preflight. */
export function reportIn(outputs: Readonly<Record<string, unknown>>): PreflightReport {
  return z.object({ report: reportSchema }).parse(outputs).report;
}

/** How preflight ends by what it found. */
export function exitOf({ refused, weights }: PreflightReport): ExitCode {
  if (refused) return EXIT.gateRefused;
  return weights.error + weights.warning > 0 ? EXIT.warnings : EXIT.done;
}
