import { RedishaError } from "../../core/errors.ts";
import { inWords, nearestExisting, systemCode, whyUnwritable } from "../../core/files.ts";
import { objectMissing, storeError } from "../store-errors.ts";

/** What the system said of a path, as an error of the store. Errors that have a code of ours stay as they are. */
export function fileError(shown: string, key: string, path: string, cause: unknown): RedishaError | Error {
  if (cause instanceof RedishaError) return cause;
  const code = systemCode(cause);
  const there = nearestExisting(path);
  switch (code) {
    case undefined:
      // The source broke off, not the store.
      return cause instanceof Error ? cause : new Error(String(cause));
    case "ENOENT":
      return objectMissing(shown, key, cause);
    case "ENOSPC":
    case "EDQUOT":
      return storeError({
        code: "REPOSITORY_FULL",
        message: `There is no room for ${key} in ${shown}: ${inWords(cause)}.`,
        next: [`df -h ${there}`, "redisha backup prune"],
        cause,
      });
    case "EACCES":
    case "EPERM":
      return storeError({
        code: "REPOSITORY_DENIED",
        message: `${path} cannot be read or written: ${whyUnwritable(path, cause)}.`,
        next: [`ls -ld ${there}`],
        cause,
      });
    case "EROFS":
      return storeError({
        code: "REPOSITORY_READ_ONLY",
        message: `${shown} is on a file system that is mounted read-only.`,
        next: [`findmnt -T ${there}`],
        cause,
      });
    default:
      return storeError({
        code: "REPOSITORY_FAILED",
        message: `${path} cannot be read or written: ${inWords(cause)}.`,
        next: [`ls -ld ${there}`],
        cause,
      });
  }
}
