/** The periods that retention counts, from the shortest to the longest. */
export const PERIODS = ["hourly", "daily", "weekly", "monthly", "yearly"] as const;
export type Period = (typeof PERIODS)[number];

/** Names the hour, day, ISO week, month and year that a moment falls into, in one time zone. */
export class Calendar {
  readonly #format: Intl.DateTimeFormat;

  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      timeZoneName: "longOffset",
    });
  }

  name(period: Period, ms: number): string {
    const { year, month, day, hour, offset } = this.#parts(ms);
    switch (period) {
      case "hourly":
        // The hour that is there twice when summer time ends is two hours.
        return `${year}-${month}-${day} ${hour}:00${offset}`;
      case "daily":
        return `${year}-${month}-${day}`;
      case "weekly":
        return isoWeek(Number(year), Number(month), Number(day));
      case "monthly":
        return `${year}-${month}`;
      case "yearly":
        return year;
    }
  }

  #parts(ms: number) {
    const parts = Object.fromEntries(this.#format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const { year = "", month = "", day = "", hour = "", timeZoneName = "" } = parts;
    return { year: year.padStart(4, "0"), month, day, hour, offset: timeZoneName.replace("GMT", "") };
  }
}

const DAY_MS = 86_400_000;

/** The week of ISO 8601 that a day is in: from Monday, and of the year that its Thursday is in. */
function isoWeek(year: number, month: number, day: number): string {
  const date = Date.UTC(year, month - 1, day);
  const weekday = (new Date(date).getUTCDay() + 6) % 7;
  const thursday = new Date(date + (3 - weekday) * DAY_MS);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - first) / DAY_MS / 7) + 1;
  return `${String(thursday.getUTCFullYear()).padStart(4, "0")}-W${String(week).padStart(2, "0")}`;
}
