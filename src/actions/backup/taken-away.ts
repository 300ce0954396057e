import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";

/**
 * A run that fails takes away what it kept on hosts and stored so far. Whoever goes on with it finds nothing to go on with:
 * another run saves anew, which is what a backup of now wants.
 */
export function takenAway(what: string, host?: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_TAKEN_AWAY",
    message: `${what} is not there any more: this run took away what it had made when it failed, and cannot be gone on with.`,
    ...(host === undefined ? {} : { host }),
    exit: EXIT.failedSafe,
    state: "nothing is left on the hosts or in the repository; older backups are as they were",
    next: ["redisha backup"],
  });
}
