import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** Sep 2001 to Oct 2096: everything else is milliseconds, or a slip. */
const SECONDS = { least: 1e9, most: 4e9 };

/**
 * Unix seconds of `2026-11-20T10:15:00Z`, of the same with another offset, or of a number of seconds. A time without a zone
 * is refused: it means another moment on another machine. Fails with PITR_MOMENT.
 */
export function parseMoment(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : isoSeconds(text);
  if (seconds >= SECONDS.least && seconds <= SECONDS.most) return seconds;
  const milliseconds = /^\d{13}$/.test(text);
  throw new RedishaError({
    code: "PITR_MOMENT",
    message: milliseconds
      ? `${text} counts milliseconds; a moment is given in seconds.`
      : `"${text}" is no moment that could be restored.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      milliseconds
        ? `--at ${new Date(Number(text)).toISOString().replace(/\.\d+Z$/, "Z")}`
        : "write it as 2026-11-20T10:15:00Z, or with another offset: 2026-11-20T11:15:00+01:00",
    ],
  });
}

/** `2026-11-20T10:15:00Z` */
export function showMoment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

function isoSeconds(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:?\d\d)$/i.exec(text);
  if (!match) return Number.NaN;
  const zone = (match[3] ?? "Z").toUpperCase().replace(/^([+-]\d\d):?(\d\d)$/, "$1:$2");
  const time = match[2]?.length === 5 ? `${match[2]}:00` : match[2];
  const ms = Date.parse(`${match[1]}T${time}${zone}`);
  // Date.parse turns the 31st of April into the 1st of May.
  const days = Date.parse(`${match[1]}T00:00:00Z`);
  const sameDay = !Number.isNaN(days) && new Date(days).toISOString().startsWith(match[1] ?? "");
  return sameDay ? ms / 1000 : Number.NaN;
}
