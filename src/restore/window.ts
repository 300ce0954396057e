import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { AofTimes } from "./aof-scanner.ts";
import { showMoment } from "./moment.ts";

/** Increments in their order, as far as they were read, and when the state began that they are on top of. */
export interface Chain {
  /** Unix seconds; null where the base does not say when it was made. */
  readonly baseCreated: number | null;
  readonly increments: readonly AofTimes[];
  /** Unix seconds up to which the server itself said that all is there; null where it did not. */
  readonly provenTo?: number | null;
}

/**
 * Fails unless exactly the writes up to and with the second `at` can be told from the others: PITR_OUTSIDE_WINDOW,
 * PITR_NO_TIMESTAMPS, PITR_DISORDER. A server's own tool says nothing in most of these cases and gives another state.
 */
export function refuseUnprovable({ baseCreated, increments, provenTo = null }: Chain, at: number): void {
  const proven = provenTo !== null && provenTo >= at;
  const stamps = increments.flatMap(({ first, last, next }) => [first, last, next].filter((stamp) => stamp !== null));
  if (baseCreated === null) throw refuse("PITR_NO_TIMESTAMPS", "its base does not say when it was made", []);
  if (increments.some(({ bad }) => bad !== null)) {
    throw refuse("PITR_DAMAGED", `an increment is no append-only file: ${increments.find(({ bad }) => bad)?.bad}`, []);
  }
  const sorted = stamps.every((stamp, index) => index === 0 || stamp >= (stamps[index - 1] ?? 0));
  if (!sorted || increments.some(({ disordered }) => disordered)) {
    throw refuse(
      "PITR_DISORDER",
      "its annotations go back in time: which writes belong to which second is not known",
      [],
    );
  }
  const end = Math.max(...stamps) - 1;
  if (stamps.length === 0 && !proven) {
    throw refuse("PITR_NO_TIMESTAMPS", "it holds no annotations: aof-timestamp-enabled was off when it was written", [
      "CONFIG SET aof-timestamp-enabled yes: for the backups to come",
    ]);
  }
  const window = [`what can be restored: --at ${showMoment(baseCreated)} to ${showMoment(end)}`];
  if (at < baseCreated) {
    throw refuse(
      "PITR_OUTSIDE_WINDOW",
      `it begins at ${showMoment(baseCreated)}, and ${showMoment(at)} is before that`,
      [...(end >= baseCreated ? window : []), "an older backup: redisha backup list"],
    );
  }
  // Without a later annotation nothing says that the second was over when the file was copied.
  if (!proven && !increments.some(({ next }) => next !== null)) {
    throw refuse(
      "PITR_OUTSIDE_WINDOW",
      `its last second that is whole is ${showMoment(end)}, and ${showMoment(at)} is behind that`,
      [...(end >= baseCreated ? window : []), "without --at: all of it"],
    );
  }
  const [head] = increments;
  // The annotation that ends the head may be the first one of all: what stands before it was written at any time since the base.
  if (head?.unmarked && (head.first === null || head.first > at)) {
    throw refuse(
      "PITR_NO_TIMESTAMPS",
      `writes stand before its first annotation: whether they were made by ${showMoment(at)} is not known`,
      [...window],
    );
  }
}

function refuse(code: string, why: string, next: readonly string[]): RedishaError {
  return new RedishaError({
    code,
    message: `That moment cannot be restored from this backup: ${why}.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next,
  });
}
