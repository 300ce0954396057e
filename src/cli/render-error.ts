import type { Problem } from "../core/errors.ts";
import type { ErrorJson } from "./envelope.ts";
import type { ErrorReport } from "./error-report.ts";
import { excerpt } from "./excerpt.ts";
import { truncate, wrap } from "./output/text.ts";
import type { Theme } from "./output/theme.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
/** Columns of an excerpt, also where the terminal is narrower: a caret must stand below something. */
const LONGEST_EXCERPT = 160;

export interface RenderErrorOptions {
  readonly theme: Theme;
  readonly width: number;
  readonly debug: boolean;
  readonly debugLog?: string;
  /** The text of a file, for excerpts; undefined where it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** `Error SSH_REFUSED r2: …`, then each problem with its place, then `State:` and `Next:`. Ends with a line break. */
export function renderError(report: ErrorReport, options: RenderErrorOptions): string {
  const { theme, width } = options;
  const lead = `${theme.bad("Error")} ${theme.strong(report.code)}${report.host ? ` ${report.host}` : ""}: `;
  const lines = [wrap(report.message, width, lead, "  ")];
  if (report.problems.length > 0) {
    for (const problem of report.problems) lines.push(renderProblem(problem, options));
  } else if (report.position) {
    lines.push(renderPlace(report.position, options));
  }
  if (report.state) lines.push(wrap(report.state, width, `${theme.dim("State:")} `, "       "));
  for (const [index, next] of report.next.entries()) {
    const [first = "", ...rest] = next.split("\n");
    lines.push(`${index === 0 ? theme.dim("Next:") : "     "} ${first}`, ...rest.map((line) => `      ${line}`));
  }
  if (options.debug) lines.push("", theme.dim(report.stack));
  if (options.debugLog) lines.push(`${theme.dim("Debug log:")} ${options.debugLog}`);
  return `${lines.join("\n")}\n`;
}

function renderProblem(problem: Problem, options: RenderErrorOptions): string {
  const { file, line, column } = problem.position;
  const { theme } = options;
  const lines = [`  ${theme.accent(`${file}:${line}:${column}`)} ${problem.message} ${theme.dim(problem.code)}`];
  lines.push(...shown(problem.position, options));
  if (problem.hint) lines.push(`    ${theme.symbols.arrow} ${problem.hint}`);
  return lines.join("\n");
}

function renderPlace(position: Problem["position"], options: RenderErrorOptions): string {
  const place = options.theme.accent(`${position.file}:${position.line}:${position.column}`);
  return [`  ${place}`, ...shown(position, options)].join("\n");
}

function shown(position: Problem["position"], options: RenderErrorOptions): string[] {
  const text = options.readFile(position.file);
  const lines = text === undefined ? undefined : excerpt(text, position);
  return lines === undefined
    ? []
    : lines.split("\n").map((line) => `    ${options.theme.dim(printable(line, options))}`);
}

/** A line of a file as it can be shown: it may be a binary, or hold what moves the cursor. Tabs stay, for the caret. */
function printable(line: string, { theme, width }: RenderErrorOptions): string {
  return truncate(line.replace(CONTROL, " "), Math.max(width, LONGEST_EXCERPT), theme.symbols.ellipsis);
}

/** The same as data. Nothing of oclif's own (its configuration, with home directories) gets in. */
export function errorJson(report: ErrorReport, debugLog: string | undefined): ErrorJson {
  return {
    code: report.code,
    message: report.message,
    host: report.host ?? null,
    state: report.state ?? null,
    next: [...report.next],
    position: report.position ? { ...report.position } : null,
    problems: report.problems.map((problem) => ({
      code: problem.code,
      message: problem.message,
      position: { ...problem.position },
      hint: problem.hint ?? null,
    })),
    debug_log: debugLog ?? null,
  };
}
