import type { PreflightReport } from "../../preflight/report.ts";
import { adviceOf, casesOf, isFine, lineOf, type ReportCase } from "./cases.ts";

const COMMANDS = { error: "error", warning: "warning", info: "notice" } as const;

/** Workflow commands of GitHub Actions: each finding becomes an annotation of the job. */
export function renderGithub(report: PreflightReport, file: string): string {
  const wrong = casesOf(report).filter((each) => !isFine(each));
  const { error, warning, info } = report.weights;
  const end = `${report.deployment}: ${error} errors, ${warning} warnings, ${info} remarks: ${report.refused ? "refused" : "not refused"}`;
  return [...wrong.map((each) => annotation(each, file)), end, ""].join("\n");
}

function annotation(each: ReportCase, file: string): string {
  const { check, result } = each;
  const title = property(`${check.check} ${result.subject}`);
  const text = data([lineOf(each), ...adviceOf(each)].join("\n"));
  return `::${COMMANDS[result.weight ?? "info"]} file=${property(file)},line=1,title=${title}::${text}`;
}

/** As the runner reads them back (toCommandValue and toCommandProperties of actions/toolkit). */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
