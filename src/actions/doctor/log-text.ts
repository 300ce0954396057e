import type { LogLine } from "../../doctor/facts.ts";

/** Distinct lines that are kept of a log: the last ones. */
const KEPT = 300;

/** `1234:S 21 Nov 2026 11:30:01.123 * text`, since 3.0 in every version. */
const REDIS = /^\d+:[A-Z] (\d{2}) (\w{3}) (\d{4}) (\d{2}:\d{2}:\d{2}\.\d{3}) [.*#-] (.*)$/;
/** `1763724601.123456 host program[pid]: text`, as `journalctl -o short-unix` prints it. */
const JOURNAL = /^(\d+\.\d+) \S+ [^:]+: (.*)$/;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export interface Window {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** `+0100`: by which the host writes its times. */
  readonly zone: string;
}

/** Reads a server's log: what lies within the window, and each line once that differs from others in more than numbers. */
export function readLog(text: string, window: Window): LogLine[] {
  const lines = new Map<string, LogLine>();
  for (const raw of text.split("\n")) {
    const line = lineOf(raw, window.zone);
    if (!line || line.atMs < window.sinceMs) continue;
    const at = new Date(line.atMs).toISOString();
    const key = line.text.replaceAll(/\d+/g, "0");
    const before = lines.get(key);
    // Behind all others, since it was written last.
    lines.delete(key);
    lines.set(key, { text: line.text, times: (before?.times ?? 0) + 1, first_at: before?.first_at ?? at, last_at: at });
  }
  return [...lines.values()].slice(-KEPT);
}

/** What has no time is what a server prints around a line: its logo, a report of a crash. */
function lineOf(raw: string, zone: string): { atMs: number; text: string } | undefined {
  const journal = JOURNAL.exec(raw);
  const own = REDIS.exec(journal?.[2] ?? raw);
  if (own) {
    const [, day = "", month = "", year = "", clock = "", text = ""] = own;
    const atMs = Date.parse(`${year}-${monthNumber(month)}-${day}T${clock}${zoneOf(zone)}`);
    return Number.isNaN(atMs) ? undefined : { atMs, text };
  }
  return journal ? { atMs: Number(journal[1]) * 1_000, text: journal[2] ?? "" } : undefined;
}

function monthNumber(name: string): string {
  return String(MONTHS.indexOf(name) + 1).padStart(2, "0");
}

/** `+0100` as `+01:00`. */
function zoneOf(zone: string): string {
  return /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : "Z";
}
