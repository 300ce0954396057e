import { isIP } from "node:net";
import { z } from "zod";
import { DURATION_PATTERN, parseBytes, parseDuration } from "../core/units.ts";

/** The words that redisha.yaml is made of: each says in its own error what it wants to be. */

/** A text that must not be empty; `what` finishes the sentence "expected …". */
export function text(what: string) {
  return z.string({ error: wanting(what) }).min(1, `expected ${what}`);
}

/** Names of deployments, hosts and the like: what is safe in file names, in DNS and on a command line. */
export function name(what: string) {
  const rule = `expected ${what}: a lower-case letter, then lower-case letters, digits and "-"`;
  return z.string({ error: rule }).regex(/^[a-z][a-z0-9-]*$/, rule);
}

/** A length of time with its unit; `5` alone is refused, because its unit would be a guess. */
export function duration() {
  const rule = "expected a duration with its unit, such as 500ms, 5s or 1m30s";
  return z
    .string({ error: rule })
    .regex(DURATION_PATTERN, rule)
    .refine((value) => (parseDuration(value) ?? 0) > 0, "a duration must be more than nothing");
}

/** A number of bytes in Redis' own reading: `100mb` is 100 times 1024 times 1024. */
export function bytes() {
  const rule = "expected a size such as 512kb, 100mb or 2gb";
  return z
    .string({ error: rule })
    .regex(/^\d+(\.\d+)?[kmgt]b?$/i, rule)
    .refine((value) => (parseBytes(value) ?? 0) > 0, "a size must be more than nothing");
}

/** A time zone by its name, as the system knows it. */
export function timezone() {
  const rule = "expected a time zone such as UTC or Europe/Zurich";
  return z.string({ error: rule }).refine(isTimezone, rule);
}

export function count(least: number, most = 1_000_000) {
  return z
    .int({ error: wanting("a whole number") })
    .min(least, `expected a whole number of at least ${least}`)
    .max(most, `expected a whole number of at most ${most}`);
}

export function port() {
  return count(1, 65_535);
}

/** A file or directory: absolute, below `~`, or relative to the file it is written in. */
export function path() {
  return text("a path");
}

/** An IPv4 address, an IPv6 address without brackets, or a name. No port. */
export function address() {
  return z.string({ error: wanting("an address") }).check((context) => {
    const message = whyNoAddress(context.value);
    if (message) context.issues.push({ code: "custom", message, input: context.value });
  });
}

/** An address, or a block of them in CIDR notation. */
export function network() {
  const rule = "expected an IP address or a CIDR block such as 10.0.1.0/24";
  return z.string({ error: rule }).refine(isNetwork, rule);
}

/** A day as `2026-12-31`. */
export function day() {
  const rule = "expected a day such as 2026-12-31";
  return z
    .string({ error: rule })
    .regex(/^\d{4}-\d{2}-\d{2}$/, rule)
    .refine(isDay, "there is no such day");
}

/** A time on the clock as `22:00`, in quotes: without them some readers of YAML take it for a number. */
export function timeOfDay() {
  const rule = 'expected a time of day such as "22:00"';
  return z.string({ error: rule }).regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, rule);
}

function wanting(what: string) {
  return (issue: { readonly input?: unknown }) => (issue.input === undefined ? undefined : `expected ${what}`);
}

function whyNoAddress(value: string): string | undefined {
  if (isIP(value) !== 0) return undefined;
  if (/^\[.*\]$/.test(value)) return "expected an address without brackets, also for IPv6";
  if (/^\[?[^\s]+\]?:\d+$/.test(value))
    return "expected an address without a port; ports stand under redis and sentinel";
  if (value.includes("@")) return "expected an address without a user; the user stands under ssh";
  if (/^[\d.]+$/.test(value)) return "expected an IPv4 address of four numbers from 0 to 255";
  const labels = value.replace(/\.$/, "").split(".");
  const named = value.length <= 253 && labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
  return named ? undefined : "expected an IPv4 address, an IPv6 address or a host name";
}

function isNetwork(value: string): boolean {
  const [base = "", bits, ...more] = value.split("/");
  const family = isIP(base);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function isDay(value: string): boolean {
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

function isTimezone(value: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
    // A bare offset is a zone to the library, but one without summer time.
    return /^[A-Za-z]/.test(value);
  } catch {
    return false;
  }
}
