import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyse } from "../../../src/drill/analyse.ts";
import { type Attempt, PROBE_KINDS, type Recording } from "../../../src/drill/recording.ts";
import { drillReportSchema } from "../../../src/drill/report-schema.ts";
import { drillHtml } from "../../../src/report/drill/html.ts";
import { drillMarkdown } from "../../../src/report/drill/markdown.ts";
import { QUIET } from "./hand-made.ts";

const INSTANCES = ["r1:6379", "r2:6379", "r3:6379"];
const instance = fc.constantFrom(...INSTANCES);
const at = fc.integer({ min: 0, max: 20_000 });

const attempts = fc
  .array(
    fc.record({
      pause: fc.integer({ min: 0, max: 400 }),
      took: fc.integer({ min: 0, max: 250 }),
      node: fc.option(instance),
      outcome: fc.constantFrom("acked" as const, "acked" as const, "refused" as const, "unknown" as const),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let now = 0;
    return steps.map(({ pause, took, node, outcome }, seq): Attempt => {
      const sent = now + pause;
      now = sent + took;
      const error = outcome === "acked" ? {} : { error: "TIMEOUT" };
      return { seq, sent, ended: now, node: outcome === "acked" ? (node ?? "r1:6379") : node, outcome, ...error };
    });
  });

const anyRecording: fc.Arbitrary<Recording> = fc
  .record({
    kind: fc.constantFrom("replication" as const, "sentinel" as const, "cluster" as const),
    new_primary: fc.option(fc.constantFrom("r2:6379", "r3:6379")),
    logs: fc.array(fc.record({ kind: fc.constantFrom(...PROBE_KINDS), attempts, readBack: fc.boolean() }), {
      maxLength: 6,
    }),
    roles: fc.array(
      fc.record({
        at,
        instance,
        answers: fc.boolean(),
        role: fc.constantFrom("primary" as const, "replica" as const, null),
        link_up: fc.option(fc.boolean()),
        follows: fc.option(instance),
        sync_full: fc.option(fc.nat(3)),
        sync_partial_ok: fc.option(fc.nat(3)),
        writable: fc.boolean(),
      }),
      { maxLength: 20 },
    ),
    marks: fc.array(
      fc.record({
        at,
        name: fc.constantFrom("fault", "healed", "writes_paused", "<b>", "__proto__"),
        detail: fc.string(),
      }),
      { maxLength: 5 },
    ),
    sentinel_events: fc.array(
      fc.record({
        at,
        sentinel: fc.constantFrom("s1", "s2"),
        channel: fc.constantFrom("+sdown", "+odown", "+switch-master", "+elected-leader"),
        payload: fc.constantFrom("master mymaster 10.0.0.1 6379", "slave x", ""),
      }),
      { maxLength: 10 },
    ),
    staleness: fc.array(fc.record({ at, node: instance, behind_ms: fc.nat(500), behind_writes: fc.nat(50) }), {
      maxLength: 10,
    }),
  })
  .map(({ logs, ...rest }) => {
    const probes = logs.map(({ kind, attempts: its }, index) => ({
      name: `${kind}-${index}`,
      kind,
      shard: "main",
      timeout_ms: 250,
      via: "direct" as const,
      attempts: its,
    }));
    const read_backs = logs.flatMap(({ readBack, attempts: its }, index) => {
      if (!readBack) return [];
      const of = (outcome: Attempt["outcome"]) => its.filter((each) => each.outcome === outcome).map(({ seq }) => seq);
      const lost = of("acked").filter((seq) => seq % 5 === 0);
      const found = { unknown_found: of("unknown").slice(0, 2), refused_found: [] };
      const name = probes[index]?.name ?? "";
      return [{ at: 25_000, when: "rejoined" as const, probe: name, node: "r2:6379", found: 0, lost, ...found }];
    });
    return { ...QUIET, ...rest, mode: "hang", ended: 50_000, probes, read_backs };
  });

describe("the report of any recording", () => {
  it("is what its schema says, and can be shown", () => {
    fc.assert(
      fc.property(anyRecording, (recording) => {
        const report = analyse(recording, { writeOutageMs: 1_000, lostWrites: 0 });
        expect(drillReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
        expect(drillHtml(report)).not.toMatch(/NaN|undefined|\[object/);
        expect(drillMarkdown(report)).not.toMatch(/NaN|undefined|\[object/);
      }),
      { numRuns: 200 },
    );
  });

  it("has the outage that the acknowledgements themselves have", () => {
    fc.assert(
      fc.property(anyRecording, (recording) => {
        const report = analyse(recording);
        const origin = Date.parse(report.origin.at) - Date.parse(recording.started_at);
        for (const [index, { attempts: its }] of recording.probes.entries()) {
          const acks = its.filter(({ outcome }) => outcome === "acked").map(({ ended }) => ended);
          const between = acks.slice(1).map((ended, n) => (ended > origin ? ended - (acks[n] ?? 0) : 0));
          const outage = report.probes[index]?.outage;
          expect(outage?.ms ?? 0).toBeGreaterThanOrEqual(Math.max(0, ...between));
          if (outage && !outage.open && its[0]?.outcome === "acked") {
            expect(between).toContain(outage.ms);
          }
        }
      }),
    );
  });

  it("is the same, however late the recording was begun", () => {
    fc.assert(
      fc.property(anyRecording, fc.integer({ min: 1, max: 10_000 }), (recording, by) => {
        fc.pre(recording.marks.some(({ name }) => name === "fault"));
        const later = <T extends { readonly at: number }>(all: readonly T[]) =>
          all.map((each) => ({ ...each, at: each.at + by }));
        const shifted: Recording = {
          ...recording,
          ended: recording.ended + by,
          roles: later(recording.roles),
          marks: later(recording.marks),
          sentinel_events: later(recording.sentinel_events),
          staleness: later(recording.staleness),
          read_backs: later(recording.read_backs),
          probes: recording.probes.map((probe) => ({
            ...probe,
            attempts: probe.attempts.map((each) => ({ ...each, sent: each.sent + by, ended: each.ended + by })),
          })),
        };
        const { figures, phases, errors, verdict } = analyse(shifted);
        const plain = analyse(recording);
        expect({ figures, phases, errors, verdict }).toEqual({
          figures: plain.figures,
          phases: plain.phases,
          errors: plain.errors,
          verdict: plain.verdict,
        });
      }),
    );
  });

  it("loses no more than it acknowledged, each write told of once", () => {
    fc.assert(
      fc.property(anyRecording, (recording) => {
        for (const { lost, acked } of analyse(recording).probes) {
          if (!lost) continue;
          const { total, ...parts } = lost;
          expect(total).toBeLessThanOrEqual(acked);
          expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
        }
      }),
    );
  });
});
