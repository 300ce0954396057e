import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";

/** The host did not take over the undo: the change that it was for must not be made. */
export function notArmed(host: string, what: string, why: string): RedishaError {
  return new RedishaError({
    code: "DEADMAN_NOT_ARMED",
    message: `${host} cannot take back ${what} by itself: ${why}.`,
    host,
    exit: EXIT.failedSafe,
    state: "the step was not started, nothing of it was changed",
    next: [
      `see what is missing on ${host}: redis-cli, setsid, or the right to connect to the server from there`,
      "or leave `armed` out of the step's undo",
    ],
  });
}

/** The run was silent for longer than the lease, and the host acted. */
export function putBackByHost(host: string, what: string, at: string): RedishaError {
  return new RedishaError({
    code: "DEADMAN_FIRED",
    message: `The run was silent for too long: ${host} has put back ${what} by itself${at ? ` at ${at}` : ""}.`,
    host,
    exit: EXIT.paused,
    state: "what the step relaxed is as it was before; nothing was started since",
  });
}

/** The watchdog is gone: nobody would put the change back if the run went silent. */
export function watchdogGone(host: string, what: string): RedishaError {
  return new RedishaError({
    code: "DEADMAN_GONE",
    message: `The watchdog that would put back ${what} is gone from ${host}: the host was restarted, or its process was ended.`,
    host,
    exit: EXIT.paused,
    state: `${what} may still be changed; nothing was started since`,
    next: [`look at ${host}`],
  });
}
