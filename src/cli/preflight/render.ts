import { relative } from "node:path";
import type { PreflightReport } from "../../preflight/report.ts";
import type { Theme } from "../output/theme.ts";
import { renderGithub } from "./github.ts";
import { renderJunit } from "./junit.ts";
import { renderSarif } from "./sarif.ts";
import { renderPreflight } from "./table.ts";
import { renderTap } from "./tap.ts";

/** Formats of preflight alone, for other programs; errors are told as to people. */
export const REPORT_FORMATS = ["junit", "sarif", "github", "tap"] as const;

interface How {
  readonly format: string;
  readonly theme: Theme;
  readonly width: number;
  readonly all: boolean;
  /** Path of the redisha.yaml, which findings are attached to. */
  readonly file: string;
}

/** The report as text: a table, or what the format asks for. */
export function renderReport(report: PreflightReport, how: How): string {
  const file = relative(process.cwd(), how.file) || how.file;
  switch (how.format) {
    case "junit":
      return renderJunit(report);
    case "sarif":
      return renderSarif(report, file);
    case "github":
      return renderGithub(report, file);
    case "tap":
      return renderTap(report);
    default:
      return renderPreflight(report, how);
  }
}
