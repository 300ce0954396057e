import { RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";

/**
 * What can be wrong with a repository, in one place: codes are stable, and mean the same whatever it is kept in. What
 * was being written is not there afterwards; what was there before is as it was.
 */
const KINDS = {
  REPOSITORY_NOT_FOUND: EXIT.usage,
  REPOSITORY_DENIED: EXIT.cannotConnect,
  REPOSITORY_CREDENTIALS: EXIT.cannotConnect,
  REPOSITORY_CLOCK: EXIT.cannotConnect,
  REPOSITORY_UNREACHABLE: EXIT.cannotConnect,
  REPOSITORY_FULL: EXIT.failedSafe,
  REPOSITORY_READ_ONLY: EXIT.failedSafe,
  REPOSITORY_UNSUPPORTED: EXIT.usage,
  REPOSITORY_FAILED: EXIT.failedSafe,
  OBJECT_MISSING: EXIT.failedSafe,
  OBJECT_EXISTS: EXIT.failedSafe,
  OBJECT_CHANGED: EXIT.failedSafe,
} as const satisfies Record<string, ExitCode>;

export type StoreErrorCode = keyof typeof KINDS;

export interface StoreFailure {
  readonly code: StoreErrorCode;
  /** What happened, in a sentence with its full stop. */
  readonly message: string;
  readonly next?: readonly string[];
  readonly host?: string;
  readonly cause?: unknown;
}

export function storeError({ code, message, next = [], host, cause }: StoreFailure): RedishaError {
  return new RedishaError({
    code,
    message,
    exit: KINDS[code],
    state: "the repository holds what it held before",
    next,
    ...(host === undefined ? {} : { host }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Says whether an error is one of these. */
export function isStoreError(error: unknown, ...codes: readonly StoreErrorCode[]): boolean {
  return error instanceof RedishaError && codes.some((code) => code === error.code);
}

export function objectMissing(shown: string, key: string, cause?: unknown): RedishaError {
  return storeError({ code: "OBJECT_MISSING", message: `There is no ${key} in ${shown}.`, cause });
}

export function objectExists(shown: string, key: string, cause?: unknown): RedishaError {
  return storeError({
    code: "OBJECT_EXISTS",
    message: `${key} is in ${shown} already, and nothing there is ever overwritten.`,
    cause,
  });
}

/** What was written and what is there differ: somebody else wrote, or the store lost some of it. */
export function objectChanged(shown: string, key: string, found: number, written: number): RedishaError {
  return storeError({
    code: "OBJECT_CHANGED",
    message: `${key} in ${shown} has ${found} bytes, and ${written} were written.`,
    next: ["look whether anything else writes there"],
  });
}
