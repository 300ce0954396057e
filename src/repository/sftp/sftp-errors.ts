import { messageOf, RedishaError } from "../../core/errors.ts";
import { objectMissing, storeError } from "../store-errors.ts";
import { NO_SUCH_FILE, PERMISSION_DENIED, statusOf } from "./session.ts";

export interface SftpPlace {
  readonly shown: string;
  readonly host: string;
  readonly key: string;
  readonly path: string;
  /** Bytes that are free there, where that is known. */
  readonly free?: number | undefined;
}

/** Less than this, and a request that failed for no stated reason failed for want of room. */
const NO_ROOM = 1024 * 1024;

/** What the server said of a path. SFTP has no code for a full disk: what is free there tells. */
export function sftpError({ shown, host, key, path, free }: SftpPlace, cause: unknown): Error {
  if (cause instanceof RedishaError) {
    if (cause.code !== "SSH_CLOSED") return cause;
    return storeError({
      code: "REPOSITORY_UNREACHABLE",
      message: `The connection to ${shown} was lost.`,
      next: cause.next,
      host,
      cause,
    });
  }
  const status = statusOf(cause);
  if (status === undefined) return cause instanceof Error ? cause : new Error(String(cause));
  if (status === NO_SUCH_FILE) return objectMissing(shown, key, cause);
  if (free !== undefined && free < NO_ROOM) {
    return storeError({
      code: "REPOSITORY_FULL",
      message: `There is no room for ${key} in ${shown}.`,
      next: [`df -h ${path} on ${host}`, "redisha backup prune"],
      host,
      cause,
    });
  }
  return storeError({
    code: status === PERMISSION_DENIED ? "REPOSITORY_DENIED" : "REPOSITORY_FAILED",
    message: `${path} on ${host} cannot be read or written: ${messageOf(cause).toLowerCase()}.`,
    next: [`ls -ld ${path} on ${host}`],
    host,
    cause,
  });
}
