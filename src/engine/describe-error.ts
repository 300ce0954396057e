import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { EventError } from "./events.ts";

/** An error as data, for events, the journal and results. What was not thrown on purpose gets the code BUG. */
export function describeError(error: unknown): EventError {
  if (!(error instanceof RedishaError)) {
    return { code: "BUG", exit: EXIT.failedSafe, message: messageOf(error), next: [] };
  }
  return {
    code: error.code,
    exit: error.exit,
    message: error.message,
    ...(error.host === undefined ? {} : { host: error.host }),
    ...(error.state === undefined ? {} : { state: error.state }),
    next: error.next,
  };
}
