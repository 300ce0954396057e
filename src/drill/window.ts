import type { DrillWindow, Weekday } from "../inventory/model.ts";
import { WEEKDAYS } from "../inventory/model.ts";

const MINUTE_MS = 60_000;

/** A window that does not open within so many days never does. */
const MOST_DAYS = 15;

/**
 * Whether a moment is within the maintenance window. A window that ends before it begins goes over midnight and belongs to
 * the day on which it began. It is held against the clock on the wall: an hour that summer time leaves out is not there,
 * one that comes twice counts twice.
 */
export function inWindow(window: DrillWindow, atMs: number): boolean {
  return isOpen(window, wallClock(window.timezone)(atMs));
}

/** When it opens next, counted from a moment outside of it, to the minute; undefined where it never does. */
export function nextOpening(window: DrillWindow, fromMs: number): number | undefined {
  const clock = wallClock(window.timezone);
  const first = Math.floor(fromMs / MINUTE_MS) + 1;
  for (let minute = first; minute < first + MOST_DAYS * 1_440; minute += 1) {
    if (isOpen(window, clock(minute * MINUTE_MS))) return minute * MINUTE_MS;
  }
  return undefined;
}

interface WallTime {
  /** Index into WEEKDAYS. */
  readonly day: number;
  /** Since midnight by the clock on the wall. */
  readonly minute: number;
}

function isOpen({ days, fromMinute, toMinute }: DrillWindow, { day, minute }: WallTime): boolean {
  const opensOn = (index: number) => days.includes(WEEKDAYS[(index + 7) % 7] ?? "mon");
  if (fromMinute < toMinute) return opensOn(day) && minute >= fromMinute && minute < toMinute;
  return (opensOn(day) && minute >= fromMinute) || (opensOn(day - 1) && minute < toMinute);
}

function wallClock(timezone: string): (atMs: number) => WallTime {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (atMs) => {
    const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const { weekday = "", hour = "", minute = "" } = parts;
    return { day: WEEKDAYS.indexOf(weekday.toLowerCase() as Weekday), minute: Number(hour) * 60 + Number(minute) };
  };
}
