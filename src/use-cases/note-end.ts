import { RedishaError } from "../core/errors.ts";
import { describeError } from "../engine/describe-error.ts";
import type { Journal } from "../engine/journal.ts";

/**
 * Writes down that a run ended by an error outside of its steps, such as that nobody could be reached when it began: without
 * an end it would look like one whose process died. What the journal itself refused is left at that.
 */
export async function noteEnd(journal: Journal | undefined, error: unknown): Promise<void> {
  if (!(error instanceof RedishaError) || error.code === "JOURNAL_UNWRITABLE") return;
  const facts = describeError(error);
  const status = facts.code === "INTERRUPTED" ? "cancelled" : "failed";
  await journal?.append({ kind: "run_finished", status, exit: facts.exit, error: facts });
}
