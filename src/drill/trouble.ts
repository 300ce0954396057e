import { RedisReplyError } from "../connect/redis/reply-error.ts";
import { errorCode } from "../connect/redis/trouble.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** What went wrong with one attempt, as the recording has it. */
export interface Trouble {
  readonly outcome: "refused" | "unknown";
  /** READONLY, NOREPLICAS, TIMEOUT, ECONNREFUSED, ECONNRESET, EOF, … */
  readonly word: string;
  /** The server's own words, where it was it that refused. */
  readonly reply: string | null;
}

/** Errors that say that this is the wrong server, or that it cannot serve now: a client looks for another. */
const WRONG_SERVER = new Set(["READONLY", "MOVED", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "UNBLOCKED"]);

/**
 * Tells a write that certainly did not happen from one of which nobody knows. An error reply, or a connection that was
 * gone before the command was sent: refused. Silence, or a connection that ended under the command: unknown.
 */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof RedisReplyError) {
    return { outcome: "refused", word: error.reply.split(" ", 1)[0] ?? "ERR", reply: error.reply };
  }
  const unsent = error instanceof RedishaError && error.exit === EXIT.cannotConnect;
  return { outcome: unsent ? "refused" : "unknown", word: wordOf(error), reply: null };
}

/** Whether the client has to look for another server, or connect anew, after this. */
export function leavesServer({ word, reply }: Trouble): boolean {
  return reply === null || WRONG_SERVER.has(word);
}

function wordOf(error: unknown): string {
  if (!(error instanceof RedishaError)) return errorCode(error) || "ERROR";
  switch (error.code) {
    case "REDIS_REFUSED":
      return "ECONNREFUSED";
    case "REDIS_TIMEOUT":
      return "TIMEOUT";
    case "REDIS_UNREACHABLE":
      return errorCode(error.cause) || "TIMEOUT";
    case "REDIS_CLOSED":
      return errorCode(error.cause) || "EOF";
    default:
      return error.code.replace(/^REDIS_/, "");
  }
}
