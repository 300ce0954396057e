import { EXIT, type ExitCode } from "./exit-codes.ts";

/** Where in a file something is wrong; lines and columns count from 1. */
export interface FilePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a person needs from an error. Only `code` and `message` are always known. */
export interface ErrorFacts {
  /** Stable, upper-case, e.g. `SSH_HOST_KEY_CHANGED`. Scripts match on it. */
  readonly code: string;
  /** What happened, in one sentence, without a trailing stack or the name of a library. */
  readonly message: string;
  readonly exit?: ExitCode;
  /** The host or instance it happened on, as `redisha.yaml` names it. */
  readonly host?: string;
  /** What state things are in now, e.g. "nothing was changed". */
  readonly state?: string;
  /** What to type or to look at next, most useful first. */
  readonly next?: readonly string[];
  readonly position?: FilePosition;
  readonly cause?: unknown;
}

/** The one error that redisha throws on purpose. Anything else that reaches the top is a bug and is shown as one. */
export class RedishaError extends Error {
  override readonly name = "RedishaError";
  readonly code: string;
  readonly exit: ExitCode;
  readonly host: string | undefined;
  readonly state: string | undefined;
  readonly next: readonly string[];
  readonly position: FilePosition | undefined;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.exit = facts.exit ?? EXIT.failedSafe;
    this.host = facts.host;
    this.state = facts.state;
    this.next = facts.next ?? [];
    this.position = facts.position;
  }
}

/** One thing that is wrong with a file. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly position: FilePosition;
  /** "did you mean …", or what to write instead. */
  readonly hint?: string;
}

/** Bad input in a file: carries every problem found, so that all are shown at once. Exit 2, nothing was touched. */
export class InvalidFileError extends RedishaError {
  readonly problems: readonly Problem[];

  constructor(code: string, what: string, problems: readonly Problem[]) {
    const first = problems[0];
    super({
      code,
      message: `${what}: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      ...(first ? { position: first.position } : {}),
    });
    this.problems = problems;
  }
}

/** The message of anything that was thrown. Node says nothing of its own where several addresses failed: theirs then. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === "" && error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error.message === "" ? error.name : error.message;
}
