import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inWindow, nextOpening } from "../../../src/drill/window.ts";
import { type DrillWindow, WEEKDAYS } from "../../../src/inventory/model.ts";

const at = (text: string) => Date.parse(text);
const MINUTE = 60_000;

function window(times: string, days: DrillWindow["days"] = WEEKDAYS, timezone = "UTC"): DrillWindow {
  const [from = "", to = ""] = times.split("-");
  const minute = (time: string) => Number(time.split(":")[0]) * 60 + Number(time.split(":")[1]);
  return { days, fromMinute: minute(from), toMinute: minute(to), timezone };
}

describe("a maintenance window", () => {
  it("holds its first minute and not its end", () => {
    const night = window("02:00-04:00");
    expect(inWindow(night, at("2026-11-21T01:59:59Z"))).toBe(false);
    expect(inWindow(night, at("2026-11-21T02:00:00Z"))).toBe(true);
    expect(inWindow(night, at("2026-11-21T03:59:59Z"))).toBe(true);
    expect(inWindow(night, at("2026-11-21T04:00:00Z"))).toBe(false);
  });

  it("goes over midnight, and belongs to the day on which it began", () => {
    // 2026-11-20 is a Friday.
    const friday = window("22:00-04:00", ["fri"]);
    expect(inWindow(friday, at("2026-11-20T23:00:00Z"))).toBe(true);
    expect(inWindow(friday, at("2026-11-21T03:59:00Z"))).toBe(true);
    expect(inWindow(friday, at("2026-11-20T03:00:00Z"))).toBe(false);
    expect(inWindow(friday, at("2026-11-21T22:30:00Z"))).toBe(false);
  });

  it("from Sunday goes on into Monday", () => {
    expect(inWindow(window("23:00-01:00", ["sun"]), at("2026-11-23T00:30:00Z"))).toBe(true);
    expect(inWindow(window("23:00-01:00", ["mon"]), at("2026-11-23T00:30:00Z"))).toBe(false);
  });

  it("is held against the clock on the wall, also when summer time begins and ends", () => {
    const berlin = window("02:00-03:00", WEEKDAYS, "Europe/Berlin");
    // On 2026-03-29 the clock goes from 02:00 to 03:00: the window is not there.
    expect(inWindow(berlin, at("2026-03-29T00:59:00Z"))).toBe(false);
    expect(inWindow(berlin, at("2026-03-29T01:00:00Z"))).toBe(false);
    expect(nextOpening(berlin, at("2026-03-29T00:00:00Z"))).toBe(at("2026-03-30T00:00:00Z"));
    // On 2026-10-25 the hour from 02:00 to 03:00 comes twice.
    expect(inWindow(berlin, at("2026-10-25T00:30:00Z"))).toBe(true);
    expect(inWindow(berlin, at("2026-10-25T01:30:00Z"))).toBe(true);
    expect(inWindow(berlin, at("2026-10-25T02:00:00Z"))).toBe(false);
  });

  it("may be a whole day", () => {
    const saturday = window("00:00-24:00", ["sat"]);
    expect(inWindow(saturday, at("2026-11-21T00:00:00Z"))).toBe(true);
    expect(inWindow(saturday, at("2026-11-21T23:59:59Z"))).toBe(true);
    expect(inWindow(saturday, at("2026-11-22T00:00:00Z"))).toBe(false);
  });

  const anyWindow = fc
    .record({
      days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
      fromMinute: fc.integer({ min: 0, max: 1_439 }),
      toMinute: fc.integer({ min: 1, max: 1_440 }),
      timezone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"),
    })
    .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute);
  const anyMinute = fc
    .integer({ min: at("2026-01-01T00:00:00Z") / MINUTE, max: at("2027-12-31T00:00:00Z") / MINUTE })
    .map((minute) => minute * MINUTE);

  it("opens next at a minute that is in it, with none in between that is", () => {
    fc.assert(
      fc.property(anyWindow, anyMinute, (declared, now) => {
        const opens = nextOpening(declared, now);
        if (opens === undefined) return false;
        const between = Math.floor((opens - now) / MINUTE) - 1;
        const steps = Array.from({ length: Math.min(between, 200) }, (_, i) => opens - (i + 1) * MINUTE);
        return inWindow(declared, opens) && steps.every((minute) => !inWindow(declared, minute));
      }),
      { numRuns: 60 },
    );
  });

  it("and what is left of the day are never open at once: each moment is in one of them on every day", () => {
    fc.assert(
      fc.property(anyWindow, anyMinute, ({ fromMinute, toMinute, timezone }, now) => {
        const daily = { days: WEEKDAYS, fromMinute, toMinute: toMinute % 1_440 || 1_440, timezone };
        const rest = { days: WEEKDAYS, fromMinute: toMinute % 1_440, toMinute: fromMinute || 1_440, timezone };
        // Of a whole day nothing is left.
        fc.pre(daily.toMinute - daily.fromMinute !== 1_440);
        fc.pre(daily.fromMinute !== daily.toMinute && rest.fromMinute !== rest.toMinute);
        return inWindow(daily, now) !== inWindow(rest, now);
      }),
      { numRuns: 500 },
    );
  });
});
