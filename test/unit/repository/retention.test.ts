import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RetentionPolicy } from "../../../src/inventory/model.ts";
import { Calendar, PERIODS } from "../../../src/repository/calendar.ts";
import { decideRetention, type RetentionCandidate, type RetentionInput } from "../../../src/repository/retention.ts";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-21T12:00:00Z");

function backup(finished: string, more: Partial<RetentionCandidate> = {}): RetentionCandidate {
  return { id: finished, finishedMs: Date.parse(finished), verified: true, needs: [], ...more };
}

function decide(input: Partial<RetentionInput> & Pick<RetentionInput, "backups">) {
  return decideRetention({ policy: {}, minimumRedundancy: 1, timezone: "UTC", nowMs: NOW, ...input });
}

function kept(input: Parameters<typeof decide>[0]): string[] {
  return decide(input).decisions.flatMap(({ id, keep }) => (keep ? [id] : []));
}

describe("the calendar", () => {
  it.each([
    ["weekly", "2026-01-01T00:00:00Z", "UTC", "2026-W01"],
    ["weekly", "2027-01-01T00:00:00Z", "UTC", "2026-W53"],
    ["weekly", "2024-12-30T00:00:00Z", "UTC", "2025-W01"],
    ["weekly", "2026-11-22T23:59:59Z", "UTC", "2026-W47"],
    ["weekly", "2026-11-23T00:00:00Z", "UTC", "2026-W48"],
    ["daily", "2026-11-20T23:30:00Z", "Europe/Zurich", "2026-11-21"],
    ["monthly", "2026-11-30T23:30:00Z", "Europe/Zurich", "2026-12"],
    ["yearly", "2026-12-31T23:30:00Z", "Europe/Zurich", "2027"],
    ["hourly", "2026-11-20T15:59:59Z", "UTC", "2026-11-20 15:00+00:00"],
  ] as const)("names the %s period of %s in %s", (period, at, zone, name) => {
    expect(new Calendar(zone).name(period, Date.parse(at))).toBe(name);
  });

  it("tells the hour that is there twice when summer time ends apart", () => {
    const zurich = new Calendar("Europe/Zurich");
    const [first, second] = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map((at) =>
      zurich.name("hourly", Date.parse(at)),
    );
    expect(first).not.toBe(second);
  });
});

describe("retention", () => {
  const days = Array.from({ length: 40 }, (_, day) => backup(new Date(NOW - day * 24 * HOUR).toISOString()));

  it("keeps by each rule the newest of each period, and says which", () => {
    const { decisions } = decide({ backups: days, policy: { last: 2, daily: 3, weekly: 2, monthly: 2 } });
    const told = decisions
      .filter(({ keep }) => keep)
      .map(({ id, reasons }) => [id.slice(0, 10), reasons.map(({ text }) => text)]);
    expect(told).toEqual([
      [
        "2026-11-21",
        [
          "1 of the 2 newest",
          "newest of 2026-11-21, 1 of 3 days",
          "newest of 2026-W47, 1 of 2 weeks",
          "newest of 2026-11, 1 of 2 months",
        ],
      ],
      ["2026-11-20", ["2 of the 2 newest", "newest of 2026-11-20, 2 of 3 days"]],
      ["2026-11-19", ["newest of 2026-11-19, 3 of 3 days"]],
      ["2026-11-15", ["newest of 2026-W46, 2 of 2 weeks"]],
      ["2026-10-31", ["newest of 2026-10, 2 of 2 months"]],
    ]);
    expect(decisions.at(-1)).toEqual({
      id: days.at(-1)?.id,
      keep: false,
      reasons: [
        { rule: "expired", text: "no rule keeps it: keep_last 2, keep_daily 3, keep_weekly 2, keep_monthly 2" },
      ],
    });
  });

  it("does not count periods without a backup", () => {
    const backups = [backup("2026-11-20T00:00:00Z"), backup("2026-03-01T00:00:00Z"), backup("2025-01-01T00:00:00Z")];
    expect(kept({ backups, policy: { daily: 2 } })).toEqual(["2026-11-20T00:00:00Z", "2026-03-01T00:00:00Z"]);
  });

  it("prefers of one period the newest that was verified", () => {
    const backups = [backup("2026-11-20T20:00:00Z", { verified: false }), backup("2026-11-20T10:00:00Z")];
    const { decisions } = decide({ backups, policy: { daily: 1 }, minimumRedundancy: 0 });
    expect(decisions.map(({ keep }) => keep)).toEqual([false, true]);
    expect(decisions[1]?.reasons[0]?.text).toBe("newest verified of 2026-11-20, 1 of 1 days");
  });

  it("expires nothing where there is no rule, where the newest attempt failed, or where verifying it did", () => {
    expect(kept({ backups: days })).toHaveLength(40);
    for (const failed of ["backup", "verify"] as const) {
      const { decisions } = decide({ backups: days, policy: { last: 1 }, failed });
      expect(
        decisions.every(({ keep, reasons }) => keep && reasons.some(({ rule }) => rule === `failed-${failed}`)),
      ).toBe(true);
    }
  });

  it("keeps what is held, what others need, and what finished in the future", () => {
    const backups = [
      backup("2026-11-22T00:00:00Z"),
      backup("2026-11-20T00:00:00Z", { needs: ["2026-11-10T00:00:00Z"] }),
      backup("2026-11-19T00:00:00Z"),
      backup("2026-11-10T00:00:00Z", { needs: ["2026-11-01T00:00:00Z"] }),
      backup("2026-11-01T00:00:00Z"),
      backup("2026-10-01T00:00:00Z", { held: "audit" }),
    ];
    const result = decide({ backups, policy: { last: 1 } });
    expect(result.decisions.map(({ keep, reasons }) => [keep, reasons[0]?.rule])).toEqual([
      [true, "future"],
      [true, "last"],
      [false, "expired"],
      [true, "needed"],
      [true, "needed"],
      [true, "held"],
    ]);
    expect(result.warnings).toEqual(["2026-11-22T00:00:00Z finished in the future: one of the clocks is wrong"]);
  });

  it("keeps as many as must always be there, and says where there are fewer", () => {
    const { decisions } = decide({ backups: days.slice(0, 5), policy: { yearly: 1 }, minimumRedundancy: 3 });
    expect(decisions.map(({ keep }) => keep)).toEqual([true, true, true, false, false]);
    expect(decide({ backups: days.slice(0, 1), minimumRedundancy: 3 }).warnings).toEqual([
      "there are 1 complete backups, and 3 should always be there",
    ]);
  });
});

describe("retention of any backups by any rules", () => {
  const count = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
  const policies = fc
    .record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count })
    .map((policy): RetentionPolicy => JSON.parse(JSON.stringify(policy)));
  const candidates = fc
    .uniqueArray(
      fc.record({
        hours: fc.integer({ min: -48, max: 24 * 900 }),
        verified: fc.boolean(),
        held: fc.boolean(),
        need: fc.nat(30),
      }),
      {
        selector: ({ hours }) => hours,
        maxLength: 40,
      },
    )
    .map((all) => {
      const sorted = all.sort((a, b) => b.hours - a.hours);
      return sorted.map(
        ({ hours, verified, held, need }, index): RetentionCandidate => ({
          id: `b${index}`,
          finishedMs: NOW - hours * HOUR,
          verified,
          needs: need < index && need % 3 === 0 ? [`b${need}`] : [],
          ...(held ? { held: "why" } : {}),
        }),
      );
    });
  const inputs = fc.record({
    backups: candidates,
    policy: policies,
    minimumRedundancy: fc.integer({ min: 1, max: 4 }),
    timezone: fc.constantFrom("UTC", "Europe/Zurich", "America/New_York", "Pacific/Apia"),
    nowMs: fc.constant(NOW),
  });
  const keptOf = (input: RetentionInput) =>
    new Set(decideRetention(input).decisions.flatMap(({ id, keep }) => (keep ? [id] : [])));

  it("decides on each once, with a reason", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { decisions } = decideRetention(input);
        expect(decisions.map(({ id }) => id).sort()).toEqual(input.backups.map(({ id }) => id).sort());
        for (const { keep, reasons } of decisions) {
          expect(reasons.length).toBeGreaterThan(0);
          expect(reasons.some(({ rule }) => rule === "expired")).toBe(!keep);
        }
      }),
    );
  });

  it("never goes below the minimum, drops the newest or what is held, or breaks a chain", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const stays = keptOf(input);
        const past = input.backups
          .filter(({ finishedMs }) => finishedMs <= NOW)
          .sort((a, b) => b.finishedMs - a.finishedMs);
        for (const { id } of past.slice(0, input.minimumRedundancy)) expect(stays).toContain(id);
        for (const { id, held, needs } of input.backups) {
          if (held) expect(stays).toContain(id);
          if (stays.has(id)) for (const base of needs) expect(stays).toContain(base);
        }
      }),
    );
  });

  it("expires nothing more when it is asked again, and nothing less by a stricter rule", () => {
    fc.assert(
      fc.property(inputs, fc.constantFrom("last", ...PERIODS), (input, rule) => {
        const stays = keptOf(input);
        const again = { ...input, backups: input.backups.filter(({ id }) => stays.has(id)) };
        expect(keptOf(again)).toEqual(stays);
        if (Object.keys(input.policy).length === 0) return;
        const looser = { ...input, policy: { ...input.policy, [rule]: (input.policy[rule] ?? 0) + 3 } };
        for (const id of stays) expect(keptOf(looser)).toContain(id);
      }),
    );
  });
});
