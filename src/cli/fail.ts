import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExitCode } from "../core/exit-codes.ts";
import { scrubber } from "../core/scrub.ts";
import { stateDir } from "../core/state-dir.ts";
import type { Envelope } from "./envelope.ts";
import { type ErrorReport, reportOf } from "./error-report.ts";
import type { Invocation } from "./invocation.ts";
import { themeFor } from "./output/theme.ts";
import { writeEnvelope } from "./output/write-envelope.ts";
import { errorJson, renderError } from "./render-error.ts";

/** An error on its way up from a command, with what the envelope tells besides. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly warnings: readonly string[];

  constructor(cause: unknown, warnings: readonly string[]) {
    super("the command failed", { cause });
    this.warnings = warnings;
  }
}

/**
 * The one funnel for errors: says what happened, on stderr or as an envelope on stdout, and returns the exit code.
 * `command` is the command's words.
 */
export async function fail(error: unknown, command: string, invocation: Invocation): Promise<ExitCode> {
  const failure = error instanceof CommandFailure ? error : undefined;
  const report = reportOf(failure ? failure.cause : error);
  const debugLog = report.bug ? writeDebugLog(report, command) : undefined;
  const { format, streams, debug } = invocation;
  if (format === "table" || format === "wide") {
    const text = renderError(report, {
      theme: themeFor(streams.stderr),
      width: streams.stderr.columns,
      debug,
      readFile,
      ...(debugLog === undefined ? {} : { debugLog }),
    });
    streams.stderr.write(text);
    return report.exit;
  }
  const envelope: Envelope = {
    schema_version: 1,
    command,
    ok: false,
    exit: report.exit,
    error: errorJson(report, debugLog),
    warnings: [...(failure?.warnings ?? [])],
  };
  await writeEnvelope(envelope, format, streams.stdout);
  if (debug) streams.stderr.write(`${report.stack}\n`);
  return report.exit;
}

/** Keeps the stack of a bug, for the report of it; undefined where not even that can be written. */
function writeDebugLog(report: ErrorReport, command: string): string | undefined {
  const at = new Date().toISOString();
  const directory = join(stateDir(), "debug");
  const path = join(directory, `${at.replace(/[:.]/g, "-")}-${process.pid}.log`);
  const text = [`at ${at}`, `command ${command}`, `node ${process.version} ${process.platform}`, "", report.stack, ""];
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(path, scrubber.scrub(text.join("\n")), { mode: 0o600 });
    return path;
  } catch {
    return undefined;
  }
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
