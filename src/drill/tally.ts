import type { DrillEventBody } from "../engine/events.ts";
import type { Tally } from "./messages.ts";
import type { Client } from "./probes/client.ts";

/** Sums up what ended since a moment. */
export function tallyOf(probes: readonly Client[], since: number, now: number): Tally {
  const sum = { acked: 0, refused: 0, unknown: 0 };
  const latencies: number[] = [];
  const longest_gap_ms: Record<string, number> = {};
  for (const { name, log } of probes) {
    let last = since;
    let gap = 0;
    for (let i = log.firstEndedAt(since); i < log.length; i += 1) {
      const outcome = log.outcomeAt(i);
      sum[outcome] += 1;
      if (outcome !== "acked") continue;
      latencies.push(log.latencyAt(i));
      gap = Math.max(gap, log.endedAt(i) - last);
      last = log.endedAt(i);
    }
    longest_gap_ms[name] = rounded(Math.max(gap, now - last));
  }
  latencies.sort((a, b) => a - b);
  return {
    seconds: rounded((now - since) / 1_000),
    ...sum,
    latency_p50_ms: quantile(latencies, 0.5),
    latency_p99_ms: quantile(latencies, 0.99),
    longest_gap_ms,
  };
}

/** What the live view shows of each probe since the last sample. */
export function sampleOf(probes: readonly Client[], since: number): Extract<DrillEventBody, { type: "drill_sample" }> {
  return {
    type: "drill_sample",
    probes: probes.map(({ name, log }) => {
      const latencies: number[] = [];
      const first = log.firstEndedAt(since);
      for (let i = first; i < log.length; i += 1) {
        if (log.outcomeAt(i) === "acked") latencies.push(log.latencyAt(i));
      }
      latencies.sort((a, b) => a - b);
      const acked = latencies.length;
      return { name, acked, failed: log.length - first - acked, latency_ms: quantile(latencies, 0.5) };
    }),
  };
}

function quantile(sorted: readonly number[], q: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
  return value === undefined ? null : rounded(value);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
