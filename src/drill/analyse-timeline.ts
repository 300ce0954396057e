import { tenths } from "./analyse-origin.ts";
import { percentile } from "./percentile.ts";
import type { ProbeRecord, Recording } from "./recording.ts";
import type { DrillTimeline, Phase } from "./report-schema.ts";

/** Widths of a bucket, in milliseconds; the first is taken that needs no more than MOST_BUCKETS. */
const BUCKETS = [10, 20, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
const MOST_BUCKETS = 360;
/** What is shown before the first mark and behind the last: a share of what is between them, and at least so much. */
const MARGIN = { share: 0.12, least_ms: 500 };

/** What a reader is going to look at: from a little before the first phase to a little behind the last. */
export function windowOf(
  { ended }: Recording,
  phases: readonly Phase[],
  origin: number,
): { from_ms: number; to_ms: number; bucket_ms: number } {
  const begin = -origin;
  const end = ended - origin;
  const first = Math.min(0, ...phases.map(({ after_ms }) => after_ms));
  const last = Math.max(0, ...phases.map(({ after_ms }) => after_ms));
  const margin = Math.max(MARGIN.least_ms, (last - first) * MARGIN.share);
  // Without anything that happened, all of it.
  const from = phases.length === 0 ? begin : Math.max(begin, first - margin);
  const to = Math.max(from, phases.length === 0 ? end : Math.min(end, last + margin));
  const bucket_ms = BUCKETS.find((ms) => (to - from) / ms <= MOST_BUCKETS) ?? Math.ceil((to - from) / MOST_BUCKETS);
  return { from_ms: tenths(from), to_ms: tenths(to), bucket_ms };
}

/** The attempts of each probe counted by when they ended, with the median latency of those acknowledged. */
export function lanesOf(
  probes: readonly ProbeRecord[],
  { from_ms, to_ms, bucket_ms }: { from_ms: number; to_ms: number; bucket_ms: number },
  origin: number,
): DrillTimeline["probes"] {
  const buckets = Math.max(1, Math.ceil((to_ms - from_ms) / bucket_ms));
  return probes.map(({ name, kind, attempts }) => {
    const failed = new Array<number>(buckets).fill(0);
    const latencies = Array.from({ length: buckets }, (): number[] => []);
    for (const { sent, ended, outcome } of attempts) {
      const index = Math.floor((ended - origin - from_ms) / bucket_ms);
      if (index < 0 || index >= buckets) continue;
      if (outcome === "acked") latencies[index]?.push(ended - sent);
      else failed[index] = (failed[index] ?? 0) + 1;
    }
    return {
      name,
      kind,
      acked: latencies.map((all) => all.length),
      failed,
      latency_ms: latencies.map((all) =>
        all.length === 0
          ? null
          : tenths(
              percentile(
                all.sort((a, b) => a - b),
                50,
              ),
            ),
      ),
    };
  });
}
