import { tenths } from "./analyse-origin.ts";
import type { Attempt } from "./recording.ts";
import type { Silence } from "./report-schema.ts";

/** A time without an acknowledgement, on the recording's clock. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** An attempt that ended in it failed. */
  readonly failed: boolean;
  /** No acknowledgement ended it: the recording did. */
  readonly open: boolean;
}

/**
 * The times between two acknowledgements of one client, as its own log would have them: each from the moment an answer came
 * to the moment the next one came. Attempts that failed before the first acknowledgement or behind the last one make a gap
 * too, the latter an open one. `isAck` narrows what counts as acknowledged.
 */
export function* gapsOf(
  attempts: readonly Attempt[],
  isAck: (attempt: Attempt) => boolean = ({ outcome }) => outcome === "acked",
): Generator<Gap> {
  const ordered = [...attempts].sort((a, b) => a.ended - b.ended);
  let from = ordered.reduce((least, { sent }) => Math.min(least, sent), Number.POSITIVE_INFINITY);
  let failed = false;
  let first = true;
  for (const attempt of ordered) {
    if (!isAck(attempt)) {
      failed = true;
      continue;
    }
    if (!first || failed) yield { from, to: attempt.ended, failed, open: false };
    from = attempt.ended;
    failed = false;
    first = false;
  }
  const last = ordered.at(-1);
  if (failed && last) yield { from, to: last.ended, failed, open: true };
}

/** The longest of those that ended after `since`; of equal ones the first. */
export function longest(gaps: Iterable<Gap>, since: number): Gap | undefined {
  let found: Gap | undefined;
  for (const gap of gaps) {
    if (gap.to > since && (!found || gap.to - gap.from > found.to - found.from)) found = gap;
  }
  return found;
}

export function silenceOf(gap: Gap | undefined, origin: number): Silence | null {
  if (!gap) return null;
  return {
    ms: tenths(gap.to - gap.from),
    from_ms: tenths(gap.from - origin),
    to_ms: tenths(gap.to - origin),
    open: gap.open,
  };
}
