/**
 * The one clock of a drill, in milliseconds. It counts on whatever is done to the wall clock, and it is the same in every
 * thread of this process: `performance.now()` is not, it starts anew in each.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What `monotonicMs` reads, in the words of the report. */
export const CLOCK_SOURCE = "CLOCK_MONOTONIC of the measuring machine (process.hrtime)";

/** Smallest step between two readings, of a few hundred. */
export function clockResolutionMs(): number {
  let smallest = Number.POSITIVE_INFINITY;
  let last = monotonicMs();
  for (let i = 0; i < 300; i += 1) {
    const now = monotonicMs();
    if (now > last) smallest = Math.min(smallest, now - last);
    last = now;
  }
  return Number.isFinite(smallest) ? smallest : 1;
}
