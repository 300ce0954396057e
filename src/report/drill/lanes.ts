import type { DrillTimeline } from "../../drill/report-schema.ts";

type ProbeLane = DrillTimeline["probes"][number];

/** Where a lane is drawn; `x` is where a moment lies. */
export interface LaneBox {
  readonly x: (ms: number) => number;
  readonly y: number;
  readonly height: number;
}

/** Neighbouring buckets put together until there are no more than `most`: a narrow drawing shows no more than it has room for. */
export function coarser(timeline: DrillTimeline, most: number): DrillTimeline {
  const count = timeline.probes[0]?.acked.length ?? 0;
  const by = Math.ceil(count / most);
  if (by <= 1) return timeline;
  const groups = <T>(values: readonly T[]) =>
    Array.from({ length: Math.ceil(values.length / by) }, (_, index) => values.slice(index * by, (index + 1) * by));
  return {
    ...timeline,
    bucket_ms: timeline.bucket_ms * by,
    probes: timeline.probes.map((probe) => ({
      ...probe,
      acked: groups(probe.acked).map(total),
      failed: groups(probe.failed).map(total),
      latency_ms: groups(probe.latency_ms).map(worst),
    })),
  };
}

/** More clients than this are drawn as one lane for each kind. */
const MOST_LANES = 10;

/** The lanes as they are, or, where there are many clients, all of a kind in one: attempts added up, the worst latency. */
export function fewerLanes(timeline: DrillTimeline): DrillTimeline {
  if (timeline.probes.length <= MOST_LANES) return timeline;
  const kinds = Map.groupBy(timeline.probes, ({ kind }) => kind);
  const probes = [...kinds].map(([kind, lanes]) => {
    const each = <T>(pick: (lane: ProbeLane) => readonly T[]) =>
      (lanes[0]?.acked ?? []).map((_, index) =>
        lanes.map((lane) => pick(lane)[index]).filter((one) => one !== undefined),
      );
    return {
      name: `${kind} (${lanes.length})`,
      kind,
      acked: each(({ acked }) => acked).map(total),
      failed: each(({ failed }) => failed).map(total),
      latency_ms: each(({ latency_ms }) => latency_ms).map(worst),
    };
  });
  return { ...timeline, probes };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The worst of several medians: a peak must not vanish because the drawing has no room for it. */
function worst(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return there.length === 0 ? null : Math.max(...there);
}

/** More empty buckets than this between two attempts are shown: a client that only writes now and then is no outage. */
const MOST_HOLES = 4;

/** Outline of the bars of acknowledged attempts: as high as there were many, compared with the lane's own best. */
export function ackPath(timeline: DrillTimeline, lane: ProbeLane, box: LaneBox): string {
  const most = Math.max(1, ...lane.acked);
  return bars(timeline, withoutHoles(lane), box, (count) => Math.max(0.25, count / most));
}

/** Bars over the whole height from where attempts failed to the next acknowledgement, over a quarter where some were. */
export function failPath(timeline: DrillTimeline, lane: ProbeLane, box: LaneBox): string {
  return bars(timeline, failing(lane), box, (_, index) => ((lane.acked[index] ?? 0) > 0 ? 0.25 : 1));
}

/** A bucket in which nothing ended takes after the one before it. */
function withoutHoles({ acked, failed }: ProbeLane): number[] {
  const filled = [...acked];
  let last = 0;
  for (const [index, count] of acked.entries()) {
    if (count > 0) {
      const holes = index - last - 1;
      const quiet = failed.slice(last + 1, index).every((each) => each === 0);
      if (quiet && holes > 0 && holes <= MOST_HOLES && (acked[last] ?? 0) > 0) {
        filled.fill(acked[last] ?? 0, last + 1, index);
      }
      last = index;
    }
  }
  return filled;
}

/** Buckets without an acknowledgement around a failure belong to it: the client was waiting. */
function failing({ acked, failed }: ProbeLane): number[] {
  const found = [...failed];
  for (let from = 0; from < acked.length; from += 1) {
    if ((acked[from] ?? 0) > 0) continue;
    let to = from;
    while (to < acked.length && (acked[to] ?? 0) === 0) to += 1;
    if (failed.slice(from, to).some((count) => count > 0)) found.fill(1, from, to);
    from = to;
  }
  return found;
}

/** Bars from the bottom of the box for every count above 0; equal neighbours become one. */
function bars(
  { from_ms, bucket_ms }: DrillTimeline,
  counts: readonly number[],
  { x, y, height }: LaneBox,
  share: (count: number, index: number) => number,
): string {
  const bottom = y + height;
  const heights = counts.map((count, index) => (count === 0 ? 0 : Math.round(share(count, index) * height * 2) / 2));
  let path = "";
  for (let index = 0; index < heights.length; ) {
    const high = heights[index] ?? 0;
    let end = index + 1;
    while (end < heights.length && heights[end] === high) end += 1;
    if (high > 0) {
      const left = x(from_ms + index * bucket_ms).toFixed(1);
      path += `M${left} ${bottom}V${bottom - high}H${x(from_ms + end * bucket_ms).toFixed(1)}V${bottom}Z`;
    }
    index = end;
  }
  return path;
}

/** Decades that a latency is drawn over, in milliseconds: from the power of ten below the least to the one above the most. */
export function latencyRange(timeline: DrillTimeline): { least: number; most: number } {
  const all = timeline.probes.flatMap(({ latency_ms }) => latency_ms).filter((value) => value !== null);
  const decade = (value: number, round: (exponent: number) => number) => 10 ** round(Math.log10(Math.max(value, 0.1)));
  const lowest = all.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const highest = all.reduce((most, value) => Math.max(most, value), 0);
  const least = Number.isFinite(lowest) ? decade(lowest, Math.floor) : 0.1;
  return { least, most: Math.max(least * 10, decade(highest, Math.ceil)) };
}

/** A line through the medians, on a logarithmic scale, broken where nothing was acknowledged. */
export function latencyPath(
  { from_ms, bucket_ms }: DrillTimeline,
  lane: ProbeLane,
  { x, y, height }: LaneBox,
  { least, most }: { least: number; most: number },
): string {
  const decades = Math.log10(most / least);
  let path = "";
  let pen = false;
  for (const [index, value] of lane.latency_ms.entries()) {
    if (value === null) {
      pen = false;
      continue;
    }
    const share = Math.log10(Math.max(value, least) / least) / decades;
    const point = `${x(from_ms + (index + 0.5) * bucket_ms).toFixed(1)} ${(y + height * (1 - share)).toFixed(1)}`;
    // A point that stands alone would not be drawn: it gets a line of no length, with round ends.
    path += pen ? `L${point}` : `M${point}L${point}`;
    pen = true;
  }
  return path;
}

/** Round moments for the axis, about one in `wanted` units: every 1, 2 or 5 times a power of ten, in milliseconds. */
export function ticks({ from_ms, to_ms }: DrillTimeline, wanted: number): number[] {
  const rough = (to_ms - from_ms) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power * 10;
  const found: number[] = [];
  for (let at = Math.ceil(from_ms / step) * step; at <= to_ms; at += step) found.push(at + 0);
  return found;
}
