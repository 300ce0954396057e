import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatDuration,
  formatExactDuration,
  parseBytes,
  parseDuration,
} from "../../../src/core/units.ts";

describe("durations", () => {
  it.each([
    ["500ms", 500],
    ["5s", 5_000],
    ["1m30s", 90_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0.5s", 500],
    ["4.1s", 4_100],
  ])("reads %s as %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["5", "", "s", "5 s", "-5s", "5S", "5sec", "1m 30s", "1e3s", ".5s", "99999999999999999d"])(
    "refuses %j, whose meaning would be a guess",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it.each([
    [0, "0ms"],
    [850.4, "850ms"],
    [999.6, "1s"],
    [3_200, "3.2s"],
    [59_940, "59.9s"],
    [59_970, "1m 00s"],
    [245_000, "4m 05s"],
    [7_800_000, "2h 10m"],
    [273_600_000, "3d 4h"],
  ])("shows %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("reads back what it writes exactly", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatExactDuration(ms))).toBe(ms);
      }),
    );
  });

  it("never shows a unit that is full", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e10, noNaN: true }), (ms) => {
        expect(formatDuration(ms)).not.toMatch(/(?<![\d.])(1000ms|60(\.0)?s|60m|24h)\b/);
      }),
    );
  });
});

describe("sizes", () => {
  it.each([
    ["1024", 1024],
    ["1k", 1000],
    ["1kb", 1024],
    ["100mb", 100 * 1024 ** 2],
    ["6GB", 6 * 1024 ** 3],
    ["1.5gb", 1.5 * 1024 ** 3],
    ["1t", 1e12],
  ])("reads %s as Redis does", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(["", "b", "-1", "6 gb", "6gib", "6x", "1e3", "99999999999999tb"])("refuses %j", (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });

  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1024 ** 2 - 1, "1.0 MiB"],
    [12 * 1024 ** 3, "12.0 GiB"],
    [5000 * 1024 ** 4, "5000.0 TiB"],
  ])("shows %d bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
