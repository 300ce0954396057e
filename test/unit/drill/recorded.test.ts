import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { analyse } from "../../../src/drill/analyse.ts";
import type { Recording } from "../../../src/drill/recording.ts";
import { drillReportSchema } from "../../../src/drill/report-schema.ts";
import { drillHtml } from "../../../src/report/drill/html.ts";

/** Recordings of real drills on a lab of Redis 7.0 with three Sentinels and down-after 3 s, at 20 writes a second. */
function recorded(name: string): Recording {
  const file = new URL(`../../fixtures/drills/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as Recording;
}

describe.each(["crash", "switchover"])("the recording of a real %s", (name) => {
  const recording = recorded(name);
  const report = analyse(recording, { writeOutageMs: 10_000, lostWrites: 0 });

  it("has a report that keeps to its schema and can be shown", () => {
    expect(drillReportSchema.parse(report)).toEqual(report);
    expect(drillHtml(report)).not.toMatch(/NaN|undefined|\[object/);
  });

  it("has the outages that each client's own log has", () => {
    const fault = recording.marks.find((mark) => mark.name === "fault")?.at ?? Number.NaN;
    for (const { name: probe, attempts } of recording.probes) {
      const acks = attempts.filter(({ outcome }) => outcome === "acked").map(({ ended }) => ended);
      acks.sort((a, b) => a - b);
      let worst = 0;
      for (const [index, ended] of acks.entries()) {
        if (index > 0 && ended > fault) worst = Math.max(worst, ended - (acks[index - 1] ?? ended));
      }
      const outage = report.probes.find((each) => each.name === probe)?.outage;
      if (outage?.open) expect(outage.ms).toBeGreaterThanOrEqual(worst);
      else expect(outage?.ms).toBeCloseTo(worst, 0);
    }
  });

  it("follows the failover in its order", () => {
    const { election_ms, promotion_ms, first_write_ms, all_back_ms, redundant_ms } = report.figures;
    const order = [0, election_ms, promotion_ms, first_write_ms, all_back_ms, redundant_ms];
    expect(order).not.toContain(null);
    expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)));
    expect(report.figures).toMatchObject({ lost_writes: 0, refused_found: 0, two_primaries_ms: 0 });
    expect(report.verdict.state).toBe("within");
  });
});

it("tells a crash, which Sentinel has to detect, from a switchover, which it does not", () => {
  const crash = analyse(recorded("crash")).figures;
  expect(crash.detection_ms).toBeGreaterThanOrEqual(3_000);
  expect(crash.write_outage_ms).toBeGreaterThan(crash.detection_ms ?? Number.NaN);
  const switchover = analyse(recorded("switchover")).figures;
  expect(switchover.detection_ms).toBeNull();
  expect(switchover.write_outage_ms).toBeLessThan(2_000);
});
