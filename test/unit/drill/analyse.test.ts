import { describe, expect, it } from "vitest";
import { analyse } from "../../../src/drill/analyse.ts";
import { gapsOf, longest } from "../../../src/drill/analyse-silence.ts";
import type { Recording } from "../../../src/drill/recording.ts";
import { drillReportSchema } from "../../../src/drill/report-schema.ts";
import { hang, primary, QUIET, readBack, replicaOf, role, writer } from "./hand-made.ts";

const probeOf = (recording: Recording, name: string) => {
  const found = analyse(recording).probes.find((probe) => probe.name === name);
  if (!found) throw new Error(`no probe ${name}`);
  return found;
};

describe("the report of a drill", () => {
  it("is what its schema says", () => {
    expect(drillReportSchema.parse(analyse(hang()))).toEqual(analyse(hang()));
    expect(drillReportSchema.parse(analyse(QUIET))).toEqual(analyse(QUIET));
  });

  it("counts every phase from the fault, and takes the first Sentinel's word", () => {
    expect(analyse(hang()).figures).toMatchObject({
      detection_ms: 5_020,
      agreement_ms: 5_100,
      election_ms: 5_200,
      promotion_ms: 5_500,
      switched_first_ms: 5_700,
      switched_all_ms: 6_600,
      first_write_ms: 5_801,
      all_back_ms: 6_201,
      old_primary_back_ms: 10_000,
      old_primary_demoted_ms: 12_000,
      link_up_ms: 13_000,
      redundant_ms: 13_000,
    });
    const { phases } = analyse(hang());
    expect(phases.map(({ id }) => id)).toEqual([
      "fault",
      "sdown",
      "odown",
      "elected",
      "promoted",
      "switched",
      "first_write",
      "all_back",
      "switched_all",
      "healed",
      "old_primary_back",
      "old_primary_demoted",
      "link_up",
      "redundant",
    ]);
  });

  it("measures an outage from the last answer before to the first one after, client by client", () => {
    expect(probeOf(hang(), "re-resolve").outage).toEqual({ ms: 6_010, from_ms: -9, to_ms: 6_001, open: false });
    expect(analyse(hang()).figures).toMatchObject({
      write_outage_ms: 6_210,
      write_outage_open: false,
      no_client_wrote_ms: 5_810,
      read_outage_ms: 10,
    });
  });

  it("says of a client that never came back that its outage had not ended", () => {
    const sticky = probeOf(hang(), "sticky");
    expect(sticky.outage).toMatchObject({ open: true, from_ms: 11_991 });
    expect(sticky.first_write_ms).toBeNull();
    expect(analyse(hang(), { clients: ["sticky"] }).figures).toMatchObject({
      write_outage_open: true,
      all_back_ms: null,
    });
  });

  it("tells lost writes apart by when they were acknowledged", () => {
    expect(probeOf(hang(), "sticky")).toMatchObject({
      lost: { total: 200, before_fault: 0, old_primary_after_fault: 0, after_heal: 200, elsewhere: 0 },
      lost_at_promotion: 0,
      unknown_found: 1,
    });
    const recording = { ...hang(), read_backs: [readBack("re-resolve", { lost: [499, 700] })] };
    expect(probeOf(recording, "re-resolve").lost).toMatchObject({ total: 2, before_fault: 1, elsewhere: 1 });
  });

  it("sums lost writes over the clients that count, and with and without WAIT", () => {
    expect(analyse(hang()).figures).toMatchObject({
      lost_writes: 0,
      lost_writes_any: 200,
      lost_with_wait: 0,
      lost_without_wait: 200,
      unknown_found: 1,
      refused_found: 0,
    });
    expect(analyse(hang(), { clients: ["sticky"] }).figures.lost_writes).toBe(200);
  });

  it("does not know what was lost where nothing was read back", () => {
    const recording = { ...hang(), read_backs: [readBack("subscriber")] };
    expect(analyse(recording).figures).toMatchObject({ lost_writes: null, lost_with_wait: null });
    expect(analyse(recording).notes.join(" ")).toMatch(/re-resolve, wait-1, sticky: what they lost is not known/);
  });

  it("says that there was a second failover, who was replaced, and what that lost", () => {
    const roles = [
      ...hang().roles,
      role(20_500, "r1:6379", { answers: false }),
      role(21_000, "r1:6379", primary()),
      role(30_000, "r2:6379", replicaOf("r1:6379")),
    ];
    const lost = [hang().probes[0]?.attempts.findLast(({ node }) => node === "r2:6379")?.seq ?? -1];
    const read_backs = [readBack("re-resolve", { lost })];
    expect(analyse({ ...hang(), roles, read_backs }).notes[0]).toBe(
      "There was more than one failover: r2:6379 after 5.5 s, then r1:6379 after 16.0 s. 1 acknowledged writes were lost by that: whoever is replaced serves on until it is told.",
    );
    expect(analyse(hang()).notes.join(" ")).not.toContain("more than one failover");
  });

  it("sees that an outage was longer for writes that lasted", () => {
    // Never silent for more than a moment, and yet two seconds of its writes are gone.
    const split = writer("re-resolve", "re_resolve", [
      { from: 0, to: 3_000, node: "r1:6379" },
      { from: 3_000, to: 4_000, node: "r2:6379" },
    ]);
    const recording = {
      ...QUIET,
      ended: 4_000,
      mode: "switchover",
      new_primary: "r2:6379",
      probes: [split],
      marks: [{ at: 1_000, name: "fault", detail: "" }],
      read_backs: [readBack("re-resolve", { lost: Array.from({ length: 200 }, (_, index) => 100 + index) })],
    };
    const { outage, lasting_outage, lost } = probeOf(recording, "re-resolve");
    expect(outage?.ms).toBe(10);
    expect(lasting_outage?.ms).toBe(2_010);
    expect(lost).toMatchObject({ total: 200, old_primary_after_fault: 200 });
  });

  it("believes the last look after the old primary has rejoined", () => {
    const looks = [readBack("re-resolve", { at: 28_000, lost: [1, 2, 3] }), readBack("re-resolve", { lost: [2] })];
    const early = readBack("re-resolve", { at: 12_000, when: "promoted", lost: [1, 2, 3, 4] });
    const recording = { ...hang(), read_backs: [...looks.toReversed(), early] };
    expect(probeOf(recording, "re-resolve")).toMatchObject({ lost: { total: 1 }, lost_at_promotion: 4 });
  });

  it("does not call redundant again what always was", () => {
    const roles = [...hang().roles.slice(0, 3), role(6_000, "r1:6379", primary({ sync_full: 3 }))];
    expect(analyse({ ...hang(), roles }).figures.redundant_ms).toBeNull();
    expect(analyse({ ...hang(), roles: hang().roles.slice(0, -1) }).figures.redundant_ms).toBeNull();
  });

  it("adds up the time with two instances that would accept a write", () => {
    expect(analyse(hang())).toMatchObject({
      two_primaries: [{ from_ms: 10_000, to_ms: 12_000, instances: ["r1:6379", "r2:6379"] }],
      figures: { two_primaries_ms: 2_000, acked_by_old_after_promotion: 200 },
    });
  });

  it("puts a resync down to the replica that joined then", () => {
    expect(analyse(hang()).resyncs).toEqual([
      { replica: "r3:6379", served_by: "r2:6379", full: 0, partial: 1 },
      { replica: "r1:6379", served_by: "r2:6379", full: 1, partial: 0 },
    ]);
  });

  it("counts resyncs anew of a process that was started anew", () => {
    const recording: Recording = {
      ...QUIET,
      marks: [{ at: 100, name: "fault", detail: "" }],
      roles: [
        role(0, "r1:6379", primary({ sync_full: 5 })),
        role(500, "r1:6379", { answers: false, sync_full: null, sync_partial_ok: null }),
        role(600, "r1:6379", primary({ sync_full: 2 })),
      ],
    };
    expect(analyse(recording).figures.resyncs_full).toBe(2);
  });

  it("leaves the other shards of a cluster out of roles and phases", () => {
    const recording: Recording = {
      ...QUIET,
      kind: "cluster",
      roles: [
        role(0, "r1:6379", primary()),
        role(0, "r2:6379", replicaOf("r1:6379")),
        role(0, "r4:6379", primary()),
        role(0, "r5:6379", replicaOf("r4:6379")),
      ],
    };
    expect(analyse(recording).timeline.roles.map(({ instance }) => instance)).toEqual(["r1:6379", "r2:6379"]);
    expect(analyse(recording).figures.two_primaries_ms).toBe(0);
  });

  it("takes a cluster's own words for detection and agreement", () => {
    const said = (at: number, about: string | null, state: "ok" | "pfail" | "fail") => ({
      at,
      instance: "r3:6379",
      about,
      state,
    });
    const recording: Recording = {
      ...QUIET,
      kind: "cluster",
      marks: [{ at: 100, name: "fault", detail: "" }],
      cluster_samples: [
        said(300, "r2:6379", "pfail"),
        said(400, "r1:6379", "pfail"),
        said(500, null, "fail"),
        said(600, "r1:6379", "fail"),
      ],
    };
    expect(analyse(recording).figures).toMatchObject({ detection_ms: 300, agreement_ms: 500 });
  });

  it("lists errors by client and kind, and when each was first and last seen", () => {
    expect(analyse(hang()).errors.filter(({ probe }) => probe === "sticky")).toEqual([
      { probe: "sticky", error: "TIMEOUT", outcome: "unknown", count: 100, first_ms: 50, last_ms: 9_950 },
      { probe: "sticky", error: "READONLY", outcome: "refused", count: 130, first_ms: 12_050, last_ms: 24_950 },
    ]);
  });

  it("says how old the reads of a replica were since the fault", () => {
    expect(analyse(hang()).staleness).toEqual([
      { node: "r3:6379", samples: 2, median_ms: 0, p99_ms: 40, max_ms: 40, max_writes: 7 },
    ]);
  });

  it("counts a planned switchover from its beginning where no fault was marked", () => {
    const marks = [
      { at: 300, name: "failover_ordered", detail: "" },
      { at: 200, name: "writes_paused", detail: "r1:6379" },
    ];
    expect(analyse({ ...QUIET, mode: "switchover", marks }).origin).toEqual({
      name: "writes_paused",
      at: "2026-11-01T02:00:00.200Z",
    });
  });
});

describe("the budget of a drill", () => {
  const verdict = (recording: Recording, policy = {}) => analyse(recording, policy).verdict;

  it("is kept, exceeded with the figures, or not set", () => {
    expect(verdict(hang(), { writeOutageMs: 15_000, lostWrites: 0 }).state).toBe("within");
    expect(verdict(hang()).state).toBe("no_budget");
    expect(verdict(hang(), { writeOutageMs: 6_000, lostWrites: 0, clients: ["re_resolve", "sticky"] })).toEqual({
      state: "exceeded",
      summary:
        "The write outage had not ended after 13s, 6s are allowed; 200 acknowledged writes were lost, 0 are allowed.",
      breaches: [
        {
          figure: "write_outage_ms",
          limit: 6_000,
          actual: 12_959,
          message: "the write outage had not ended after 13s, 6s are allowed",
        },
        {
          figure: "lost_writes",
          limit: 0,
          actual: 200,
          message: "200 acknowledged writes were lost, 0 are allowed",
        },
      ],
    });
  });

  it("limits reads and recovery too", () => {
    expect(verdict(hang(), { readOutageMs: 5, recoveryMs: 12_000 }).breaches.map(({ figure }) => figure)).toEqual([
      "read_outage_ms",
      "redundant_ms",
    ]);
    const never = { ...hang(), roles: hang().roles.slice(0, -1) };
    expect(verdict(never, { recoveryMs: 60_000 }).breaches).toMatchObject([{ figure: "redundant_ms", actual: null }]);
  });

  it("is exceeded by a client that never came back, however much it allows", () => {
    const verdictOfSticky = verdict(hang(), { writeOutageMs: 600_000, clients: ["sticky"] });
    expect(verdictOfSticky).toMatchObject({ state: "exceeded", breaches: [{ figure: "write_outage_ms" }] });
  });

  it("is not met by what was not measured", () => {
    expect(verdict({ ...hang(), read_backs: [] }, { lostWrites: 0 }).state).toBe("unproven");
    expect(verdict({ ...hang(), probes: [] }, { writeOutageMs: 15_000 }).state).toBe("unproven");
  });

  it("is exceeded by a refused write that is there, whatever it allows", () => {
    const recording = { ...hang(), read_backs: [readBack("sticky", { refused_found: [900] })] };
    const all = { ...recording, probes: recording.probes.filter(({ name }) => name === "sticky") };
    expect(verdict(all)).toMatchObject({ state: "exceeded", breaches: [{ figure: "refused_found", actual: 1 }] });
  });
});

describe("the times between acknowledgements", () => {
  it("begin with the first attempt where that failed, and end open where the last one did", () => {
    const { attempts } = writer("w", "re_resolve", [
      { from: 0, to: 100, node: null, error: "ECONNREFUSED" },
      { from: 200, to: 201, node: "r1:6379" },
      { from: 300, to: 301, node: null, error: "ECONNREFUSED" },
    ]);
    expect([...gapsOf(attempts)]).toEqual([
      { from: 0, to: 201, failed: true, open: false },
      { from: 201, to: 350, failed: true, open: true },
    ]);
  });

  it("count only where they ended after the fault", () => {
    const gaps = [
      { from: 0, to: 500, failed: false, open: false },
      { from: 500, to: 700, failed: false, open: false },
    ];
    expect(longest(gaps, 600)).toBe(gaps[1]);
    expect(longest(gaps, 800)).toBeUndefined();
  });
});
