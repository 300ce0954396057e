import { describe, expect, it } from "vitest";
import { checklistOf } from "../../../src/preflight/checklist.ts";
import type { Facts } from "../../../src/preflight/facts.ts";
import { type FailOn, judgeAll } from "../../../src/preflight/report.ts";
import { changed, config, deployment, host, server } from "./change.ts";

const ASKED = [
  { check: "backlog-size", severity: "error" as const, limits: { least: "1gb" } },
  { check: "huge-pages", severity: "warning" as const, limits: {} },
  { check: "clock-skew", severity: "error" as const, limits: {} },
  { check: "waivers", severity: "error" as const, limits: {} },
];
const PROFILES = {
  production: {},
  dev: { "backlog-size": { limits: { least: "1mb" } }, "huge-pages": { severity: "off" as const } },
};
const choice = { profile: "production", only: [], skip: [] };
const small = config("r1:6379", { "repl-backlog-size": "1048576" });
const always = host("r1", { huge_pages: "always" });
const judged = (facts: Facts, failOn: FailOn = "error", profile = "production") =>
  judgeAll(checklistOf(ASKED, PROFILES, { ...choice, profile }), facts, failOn);

describe("the gate", () => {
  it("lets through what has no finding", () => {
    expect(judged(changed(), "info")).toMatchObject({ refused: false, weights: { error: 0, warning: 0, info: 0 } });
  });

  it("asks every check, whatever the others say", () => {
    const report = judged(changed(small, always));
    expect(report.checks.map(({ check, verdict }) => [check, verdict])).toEqual([
      ["backlog-size", "fail"],
      ["huge-pages", "fail"],
      ["clock-skew", "pass"],
      ["waivers", "pass"],
    ]);
  });

  it.each([
    ["error", small, true],
    ["error", always, false],
    ["warning", always, true],
    ["never", small, false],
  ] as const)("with --fail-on %s heeds severities", (failOn, change, refused) => {
    expect(judged(changed(change), failOn).refused).toBe(refused);
  });

  it("takes what is not known for as bad as the severity says", () => {
    const report = judged(changed(server("r1:6379", { reached: false, why: "refused" })));
    expect(report).toMatchObject({ refused: true, weights: { error: 1 }, counts: { unknown: 1 } });
  });

  it("takes a warning of a check for no more than a warning", () => {
    const report = judged(changed(host("r1", { clock: { synchronized: false, ahead_ms: 0, give_or_take_ms: 0 } })));
    expect(report).toMatchObject({ refused: false, weights: { error: 0, warning: 1 } });
  });
});

describe("a waiver", () => {
  const waived = (waiver: { target?: string; until?: string }, failOn: FailOn = "error") =>
    judged(
      changed(
        small,
        deployment({ waivers: [{ check: "backlog-size", until: "2027-01-31", reason: "a small one", ...waiver }] }),
      ),
      failOn,
    );

  it("accepts a finding, which is still told, with the reason", () => {
    const report = waived({});
    expect(report).toMatchObject({ refused: false, counts: { waived: 1, fail: 0 } });
    expect(report.checks[0]?.results[0]).toMatchObject({
      verdict: "fail",
      waived: { until: "2027-01-31", reason: "a small one" },
    });
  });

  it("counts on its host and on its instance, and nowhere else", () => {
    expect(waived({ target: "r1" }).refused).toBe(false);
    expect(waived({ target: "r1:6379" }).refused).toBe(false);
    expect(waived({ target: "r2" }).refused).toBe(true);
  });

  it("fails from the day after its last one on, and so does what it was for", () => {
    expect(waived({ until: "2026-11-21" }).refused).toBe(false);
    const report = waived({ until: "2026-11-20" });
    expect(report).toMatchObject({ refused: true, weights: { error: 2 }, counts: { waived: 0 } });
  });
});

describe("a checklist", () => {
  it("has the severities and thresholds of its profile", () => {
    const { checks } = checklistOf(ASKED, PROFILES, { ...choice, profile: "dev" });
    expect(checks.map(({ check }) => check)).toEqual(["backlog-size", "clock-skew", "waivers"]);
    expect(judged(changed(small), "error", "dev").refused).toBe(false);
  });

  it("reads no more than its checks need", () => {
    expect(checklistOf(ASKED, PROFILES, { ...choice, only: ["huge-pages"] }).reads).toEqual(["hosts"]);
    expect(checklistOf(ASKED, PROFILES, { ...choice, only: ["waivers"] }).reads).toEqual([]);
  });

  it("leaves out what is to be skipped, and shows what is asked for by name in every profile", () => {
    const skipped = checklistOf(ASKED, PROFILES, { ...choice, skip: ["huge-pages"] });
    expect(skipped.checks.map(({ check }) => check)).not.toContain("huge-pages");
    const named = checklistOf(ASKED, PROFILES, { ...choice, profile: "dev", only: ["huge-pages"] });
    expect(named.checks).toMatchObject([{ check: "huge-pages", severity: "info" }]);
  });

  it("says every mistake at once", () => {
    const asked = [...ASKED, { check: "backlog-sise", severity: "error" as const, limits: {} }];
    const wrong = [...asked, { check: "backlog-size", severity: "error" as const, limits: { least: "much", most: 1 } }];
    expect(() => checklistOf(wrong, PROFILES, { profile: "prod", only: [], skip: ["x"] })).toThrow(
      /no check backlog-sise; did you mean backlog-size\?.*--skip: there is no check x.*no profile prod; there are production, dev.*backlog-size.limits.least: expected a size.*Unrecognized key: "most"/,
    );
  });
});
