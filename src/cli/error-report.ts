import { InvalidFileError, messageOf, type Problem, RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { EventError } from "../engine/events.ts";

/** An error as it is told to a person or a program: everything decided, nothing printed yet. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly exit: ExitCode;
  readonly host: string | undefined;
  readonly state: string | undefined;
  readonly next: readonly string[];
  readonly position: RedishaError["position"];
  readonly problems: readonly Problem[];
  /** The stack, with the stacks of its causes. */
  readonly stack: string;
  /** True for what redisha did not throw on purpose. */
  readonly bug: boolean;
}

/** What any thrown value means. The one place that decides: exit codes and wording come from here only. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof RedishaError) {
    return {
      code: error.code,
      message: error.message,
      exit: error.exit,
      host: error.host,
      state: error.state,
      next: error.next,
      position: error.position,
      problems: error instanceof InvalidFileError ? error.problems : [],
      stack: stackOf(error),
      bug: false,
    };
  }
  return {
    code: "BUG",
    message: messageOf(error),
    exit: EXIT.failedSafe,
    host: undefined,
    state: "redisha stopped at an error that it did not expect",
    next: ["run the same command with --debug, and report it with the debug log"],
    position: undefined,
    problems: [],
    stack: stackOf(error),
    bug: true,
  };
}

/** The same of an error that a run has put into its events. */
export function reportOfEvent(error: EventError): ErrorReport {
  const { code, message, exit, host, state, next } = error;
  return { code, message, exit, host, state, next, position: undefined, problems: [], stack: "", bug: code === "BUG" };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by: ${stackOf(error.cause)}`;
}
