import { RedishaError } from "../core/errors.ts";
import { nearestExisting, whyUnwritable } from "../core/files.ts";

/** The error where the folder of the labs cannot be written; `state` says what became of what had been begun. */
export function labUnwritable(folder: string, cause: unknown, state: string): RedishaError {
  const there = nearestExisting(folder);
  return new RedishaError({
    code: "LAB_UNWRITABLE",
    message: `${folder}, which is to hold the lab, cannot be written: ${whyUnwritable(folder, cause)}`,
    state,
    next: [
      `ls -ld ${there}`,
      `df -h ${there}`,
      "take another folder: --dir DIR, or REDISHA_STATE_DIR for all of redisha",
    ],
    cause,
  });
}
