import { messageOf, RedishaError } from "../../core/errors.ts";

/** What an error says of the backup itself; one that says nothing of it is thrown on. */
export function damageOf(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (error instanceof RedishaError && DAMAGE.has(error.code)) return messageOf(error);
  throw error;
}

const DAMAGE = new Set(["BACKUP_DAMAGED", "OBJECT_MISSING", "SCRATCH_DAMAGED", "SCRATCH_LOAD_FAILED"]);
