import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";
import { CAUSES, causeNamed } from "./catalog.ts";

/** Fails with DOCTOR_NO_CAUSE (exit 2), naming every cause that there is not. */
export function refuseUnknownCauses(listed: readonly string[], only: readonly string[]): void {
  const problems = [...unknown(listed, "the runbook"), ...unknown(only, "--only")];
  if (problems.length === 0) return;
  throw new RedishaError({
    code: "DOCTOR_NO_CAUSE",
    message: problems.join("; "),
    exit: EXIT.usage,
    state: "nothing was judged",
    next: ["redisha doctor --list"],
  });
}

function unknown(ids: readonly string[], where: string): string[] {
  return ids
    .filter((id) => !causeNamed(id))
    .map((id) => {
      const guess = nearest(
        id,
        CAUSES.map((cause) => cause.id),
      );
      return `${where}: there is no cause ${id}${guess ? `; did you mean ${guess}?` : ""}`;
    });
}
