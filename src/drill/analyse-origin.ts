import type { Recording } from "./recording.ts";

/** Marks that the times of a report may count from, the one that is preferred first. */
export const ORIGINS = ["fault", "writes_paused", "failover_ordered"] as const;

export interface Origin {
  readonly name: (typeof ORIGINS)[number] | "start";
  /** On the recording's clock, in milliseconds. */
  readonly at: number;
}

/** What the times of a report count from: the fault; in a planned switchover its beginning; else the recording's start. */
export function originOf({ marks }: Pick<Recording, "marks">): Origin {
  for (const name of ORIGINS) {
    const at = firstMark(marks, name);
    if (at !== undefined) return { name, at };
  }
  return { name: "start", at: 0 };
}

/** When something was first marked. */
export function firstMark(marks: Recording["marks"], name: string): number | undefined {
  const times = marks.filter((mark) => mark.name === name).map(({ at }) => at);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** To a tenth of a millisecond: what lies below is noise of the clock. */
export function tenths(ms: number): number {
  // `+ 0` makes a plain 0 of -0.
  return Math.round(ms * 10) / 10 + 0;
}
