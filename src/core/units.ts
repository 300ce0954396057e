const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Redis' own reading of sizes: `k` is 1000, `kb` is 1024, and so on (redis.conf, "Note on units"). */
const BYTE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  k: 1e3,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
  t: 1e12,
  tb: 1024 ** 4,
};

/** What `parseDuration` reads, for schemas. */
export const DURATION_PATTERN = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;

/**
 * Whole milliseconds of `500ms`, `5s`, `1m30s`, `2h`, `1d`; undefined where the text is no duration, or one too long to
 * count. A bare number is refused: its unit would be a guess.
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION_PATTERN.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(number) * (DURATION_UNITS[unit ?? ""] ?? 0);
  }
  // Decimal parts of a unit are seldom exact in binary: 4.1s would be 4099.999….
  return countable(Math.round(total));
}

/** Bytes of `1024`, `100mb`, `6gb` in Redis' reading; undefined where the text is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(b|kb?|mb?|gb?|tb?)?$/i.exec(text.trim());
  if (!match) return undefined;
  return countable(Math.round(Number(match[1]) * (BYTE_UNITS[(match[2] ?? "b").toLowerCase()] ?? 1)));
}

function countable(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}

/** `850ms`, `3.2s`, `4m 05s`, `2h 10m`, `3d 4h`: what a person reads at a glance. */
export function formatDuration(ms: number): string {
  // Rounded before the unit is chosen: 59.97 seconds are a minute, not `60s`.
  const whole = Math.round(ms);
  if (whole < 1_000) return `${whole}ms`;
  const tenths = Math.round(whole / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1).replace(/\.0$/, "")}s`;
  const seconds = Math.round(whole / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${String(minutes % 60).padStart(2, "0")}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** `0 B`, `512 B`, `1.5 KiB`, `12.0 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  // What would be shown as 1024.0 belongs to the next unit.
  while (Math.round(value * 10) >= 10_240 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** `30s`, `1500ms`, `5m`: exact, in the largest unit that keeps it whole, so that `parseDuration` gives the same back. */
export function formatExactDuration(ms: number): string {
  const whole = Math.round(ms);
  const unit = (["d", "h", "m", "s"] as const).find((name) => whole !== 0 && whole % (DURATION_UNITS[name] ?? 1) === 0);
  return unit ? `${whole / (DURATION_UNITS[unit] ?? 1)}${unit}` : `${whole}ms`;
}
