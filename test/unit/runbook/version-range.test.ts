import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inRange, VERSION_RANGE } from "../../../src/runbook/version-range.ts";

describe("a range of versions", () => {
  it.each([
    ["7.0.15", ">=6.2", true],
    ["6.0.16", ">=6.2", false],
    ["7.0.15", ">=7.0 <8.0", true],
    ["8.0.2", ">=7.0 <8.0", false],
    ["8.0.0", "<=8.0", true],
    ["8.0.1", "<=8.0", false],
    ["7.0", "=7.0.0", true],
    ["7.0.0", ">7.0", false],
  ])("%s in %s: %s", (version, range, expected) => {
    expect(inRange(version, range)).toBe(expected);
  });

  it.each(["7", "~7.0", "^7", ">= 7.0", ">=7.0,<8.0", ""])("is not written as %s", (text) => {
    expect(VERSION_RANGE.test(text)).toBe(false);
  });

  it("holds every version that is at least itself, and none that is below", () => {
    const part = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(part, part, part, (major, minor, patch) => {
        const version = `${major}.${minor}.${patch}`;
        expect(inRange(version, `>=${version}`) && inRange(version, `<=${version}`)).toBe(true);
        expect(inRange(version, `<${version}`) || inRange(version, `>${version}`)).toBe(false);
      }),
    );
  });
});
