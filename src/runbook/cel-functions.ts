import { parseBytes, parseDuration } from "../core/units.ts";
import { compareVersions, isVersion, rdbVersionOf } from "./versions.ts";

/** How values of CEL's own kinds are made; the one thing these functions need from the library. */
export interface CelMakers {
  duration(ms: number): unknown;
}

type Handler = (...values: never[]) => unknown;

/**
 * The functions redisha adds to CEL, by signature. CEL's own `bytes(string)` and `duration(string)` are replaced by ours,
 * which read the units of runbooks (`6gb`, `1d`): a call of a name in `RENAMED` goes to the signature given there.
 */
export function domainFunctions(make: CelMakers): ReadonlyMap<string, Handler> {
  return new Map<string, Handler>([
    ["version_ge(string, string): bool", (a: string, b: string) => compare(a, b) >= 0],
    ["version_gt(string, string): bool", (a: string, b: string) => compare(a, b) > 0],
    ["version_le(string, string): bool", (a: string, b: string) => compare(a, b) <= 0],
    ["version_lt(string, string): bool", (a: string, b: string) => compare(a, b) < 0],
    ["version_eq(string, string): bool", (a: string, b: string) => compare(a, b) === 0],
    ["rdb_version(string): int", (version: string) => BigInt(rdbVersionOf(checkedVersion(version)))],
    ["rdb_version(string, string): int", (engine: string, version: string) => BigInt(rdbVersionOf(version, engine))],
    ["quorum(int): int", (count: bigint) => count / 2n + 1n],
    ["glob(string, string): bool", (text: string, pattern: string) => globMatches(text, pattern)],
    ["list<A>.unique(): list<A>", (list: unknown[]) => unique(list)],
    ["list<A>.sorted(): list<A>", (list: unknown[]) => [...list].sort(ascending)],
    ["max(list<int>): int", (list: bigint[]) => extreme(list, (a, b) => a > b)],
    ["min(list<int>): int", (list: bigint[]) => extreme(list, (a, b) => a < b)],
    ["sum(list<int>): int", (list: bigint[]) => list.reduce((a, b) => a + b, 0n)],
    ["redisha_bytes(string): int", (text: string) => BigInt(wanted(text, parseBytes(text), "a size such as 100mb"))],
    [
      "redisha_duration(string): google.protobuf.Duration",
      (text: string) => make.duration(wanted(text, parseDuration(text), "a duration such as 30s or 5m")),
    ],
    ["seconds(google.protobuf.Duration): int", (duration: { getSeconds(): bigint }) => duration.getSeconds()],
    ["milliseconds(google.protobuf.Duration): int", (value: { getMilliseconds(): bigint }) => value.getMilliseconds()],
  ]);
}

/** Names as runbooks write them, and as they are registered. */
export const RENAMED: Readonly<Record<string, string>> = { bytes: "redisha_bytes", duration: "redisha_duration" };

/** What is wrong with a literal argument of one of these functions, found when the runbook is read. */
export function literalArgumentProblem(name: string, values: readonly unknown[]): string | undefined {
  const [first] = values;
  if (typeof first !== "string") return undefined;
  if (name === "bytes" && parseBytes(first) === undefined) return `"${first}" is no size; write 100mb, 6gb`;
  if (name === "duration" && parseDuration(first) === undefined) return `"${first}" is no duration; write 30s, 5m, 1d`;
  if (name.startsWith("version_")) {
    const bad = values.find((value) => typeof value === "string" && !isVersion(value));
    if (bad !== undefined) return `"${String(bad)}" is no version; write 7.0 or 7.0.15`;
  }
  return undefined;
}

/** `*` and `?` as in a shell, over the whole text; in linear time, unlike a regular expression built from it. */
export function globMatches(text: string, pattern: string): boolean {
  let t = 0;
  let p = 0;
  let star = -1;
  let retry = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p;
      retry = t;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      retry += 1;
      t = retry;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}

function compare(a: string, b: string): number {
  return compareVersions(checkedVersion(a), checkedVersion(b));
}

function checkedVersion(text: string): string {
  if (!isVersion(text)) throw new RangeError(`"${text}" is no version`);
  return text;
}

function wanted(text: string, value: number | undefined, what: string): number {
  if (value === undefined) throw new RangeError(`"${text}" is not ${what}`);
  return value;
}

function unique(list: readonly unknown[]): unknown[] {
  const seen = new Map<string, unknown>();
  for (const item of list) {
    const key = `${typeof item}:${JSON.stringify(item, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v))}`;
    if (!seen.has(key)) seen.set(key, item);
  }
  return [...seen.values()];
}

function ascending(a: unknown, b: unknown): number {
  if (typeof a === "bigint" && typeof b === "bigint") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function extreme(list: readonly bigint[], better: (a: bigint, b: bigint) => boolean): bigint {
  const [first, ...rest] = list;
  if (first === undefined) throw new RangeError("the list is empty");
  return rest.reduce((best, item) => (better(item, best) ? item : best), first);
}
