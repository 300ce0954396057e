import type { Timing } from "./measure.ts";

/** One promise about speed or size, measured against a peer that is named. */
export interface Bench {
  readonly name: string;
  readonly summary: string;
  measure(): Promise<Measured>;
}

export interface Measured {
  readonly timings: readonly Timing[];
  readonly claims: readonly Claim[];
}

/** What is promised, and what was seen. */
export interface Claim {
  readonly promise: string;
  /** `1.6x` and the like: the ratio of the medians. */
  readonly figure: string;
  /** The ratio of the quickest runs, which other work on the machine disturbs least; empty where there is none. */
  readonly quickest: string;
  /** Undefined where the figure is only shown. */
  readonly met: boolean | undefined;
}

export interface Aim {
  readonly promise: string;
  readonly subject: string;
  readonly peer: string;
  /** `subject` may take this many times as long as `peer`; or, with `atLeast`, `peer` takes this many times as long. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** Holds timings against an aim. It is met where the medians meet it; the quickest runs stand beside it. */
export function held(timings: readonly Timing[], { promise, subject, peer, atMost, atLeast }: Aim): Claim {
  const one = find(timings, subject);
  const other = find(timings, peer);
  const ratio = (a: number, b: number) => (atLeast === undefined ? a / b : b / a);
  const median = ratio(one.median_ms, other.median_ms);
  const min = ratio(one.min_ms, other.min_ms);
  const meets = (value: number) => (atLeast === undefined ? value <= (atMost ?? 0) : value >= atLeast);
  const aimed = atMost !== undefined || atLeast !== undefined;
  return { promise, figure: times(median), quickest: times(min), met: aimed ? meets(median) : undefined };
}

function find(timings: readonly Timing[], name: string): Timing {
  const found = timings.find((timing) => timing.name === name);
  if (!found) throw new RangeError(`nothing was timed under the name ${name}`);
  return found;
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}x`;
}
