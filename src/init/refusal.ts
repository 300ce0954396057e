import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** Init does not go on: what it found, and what to type. Nothing was touched. */
export function refusal(code: string, message: string, next: readonly string[], host?: string): RedishaError {
  const facts = { code, message, exit: EXIT.gateRefused, state: "nothing was touched", next };
  return new RedishaError(host === undefined ? facts : { ...facts, host });
}
