import { describe, expect, it } from "vitest";
import { type JudgedBackup, type JudgeInput, judgeBackups } from "../../../src/repository/judge-backups.ts";

const HOUR = 3_600_000;
const LIMITS = { maxAgeMs: 26 * HOUR, maxShrink: 50, followedWithinMs: HOUR };
const NOW = Date.parse("2026-11-21T12:00:00Z");

function backup(hoursAgo: number, more: Partial<JudgedBackup> = {}): JudgedBackup {
  return { id: `b${hoursAgo}`, finishedMs: NOW - hoursAgo * HOUR, size: 1000, ...more };
}

function judge(backups: JudgedBackup[], more: Partial<JudgeInput> = {}) {
  const check = { ...LIMITS, ...more.check };
  const found = judgeBackups({ backups, damaged: [], minimumRedundancy: 1, nowMs: NOW, ...more, check });
  return found.map(({ code, severity }) => `${severity} ${code}`);
}

describe("backups", () => {
  it("are well where the newest is young, large enough and not much smaller than the one before", () => {
    expect(judge([backup(30, { size: 1900 }), backup(2)])).toEqual([]);
  });

  it("are not well where there are none, or none that is whole", () => {
    expect(judge([])).toEqual(["error no-backup"]);
    expect(judge([], { damaged: ["x"] })).toEqual(["error damaged", "error no-backup"]);
  });

  it("are too old, or from the future", () => {
    expect(judge([backup(27), backup(50)])).toEqual(["error too-old"]);
    expect(judge([backup(-1)])).toEqual(["error in-the-future"]);
    expect(judge([backup(-0.05)])).toEqual([]);
  });

  it("are too small, or shrink", () => {
    const check = { ...LIMITS, minSize: 1001 };
    expect(judge([backup(1)], { check })).toEqual(["error too-small"]);
    expect(judge([backup(1), backup(2, { size: 2001 })])).toEqual(["warning shrinking"]);
  });

  it("were never verified, too long ago, or in vain", () => {
    const check = { ...LIMITS, verifiedWithinMs: 48 * HOUR };
    const verified = (hoursAgo: number, ok = true) => ({ verified: { atMs: NOW - hoursAgo * HOUR, ok } });
    expect(judge([backup(1)], { check })).toEqual(["warning unverified"]);
    expect(judge([backup(1), backup(30, verified(29))], { check })).toEqual([]);
    expect(judge([backup(1, verified(49))], { check })).toEqual(["warning unverified"]);
    expect(judge([backup(1, verified(0, false)), backup(30, verified(29))], { check })).toEqual([
      "error verification-failed",
    ]);
  });

  it("are fewer than should be there; errors come first", () => {
    expect(judge([backup(27)], { minimumRedundancy: 2 })).toEqual(["error too-old", "warning below-redundancy"]);
  });

  it("are not well where what is followed ends too long ago, is damaged, or was found to be", () => {
    const followed = { reachesMs: NOW - HOUR, problems: [], failed: [] };
    expect(judge([backup(2)], { followed })).toEqual([]);
    expect(judge([backup(2)], { followed: { ...followed, reachesMs: NOW - HOUR - 1 } })).toEqual([
      "error follow-behind",
    ]);
    expect(judge([backup(2)], { followed: { ...followed, reachesMs: null } })).toEqual(["error follow-behind"]);
    expect(judge([backup(2)], { followed: { ...followed, problems: ["x"] } })).toEqual(["error damaged"]);
    expect(judge([backup(2)], { followed: { ...followed, failed: ["x"] } })).toEqual(["error verification-failed"]);
  });
});
