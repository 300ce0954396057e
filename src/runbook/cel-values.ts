import { Secret } from "../core/secret.ts";
import { parseDuration } from "../core/units.ts";
import type { CelMakers } from "./cel-functions.ts";
import type { CelType } from "./cel-type.ts";

/** Makes an instance of a registered object type. */
export type MakeObject = (type: CelType & { readonly kind: "object" }) => Record<string, unknown>;

/**
 * A value as CEL wants it: integers as BigInt (a JS number is a CEL double, and `lag + 1` would then be a type error),
 * durations as its own kind, objects as instances of their registered type. What is null and not nullable becomes
 * undefined, so that reading it is an error that names it.
 */
export function toCel(value: unknown, type: CelType, make: CelMakers, object: MakeObject): unknown {
  if (value === null || value === undefined) return type.nullable || type.kind === "dyn" ? nullOf(type) : undefined;
  switch (type.kind) {
    case "int":
      return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
    case "double":
      return typeof value === "bigint" ? Number(value) : value;
    case "duration":
      return toDuration(value, make);
    case "list":
      return Array.isArray(value) ? value.map((item) => toCel(item, type.of, make, object) ?? null) : value;
    case "map":
      return mapEntries(value, (item) => toCel(item, type.of, make, object));
    case "object": {
      if (typeof value !== "object") return value;
      const source = new Map(Object.entries(value));
      const made = object(type);
      for (const [field, fieldType] of Object.entries(type.fields)) {
        made[field] = toCel(source.get(field), fieldType, make, object);
      }
      return made;
    }
    case "dyn":
      return toDyn(value);
    default:
      return value;
  }
}

function nullOf(type: CelType): null | undefined {
  return type.kind === "list" || type.kind === "map" || type.kind === "object" ? undefined : null;
}

function toDuration(value: unknown, make: CelMakers): unknown {
  const ms = typeof value === "string" ? parseDuration(value) : value;
  return typeof ms === "number" ? make.duration(ms) : value;
}

function toDyn(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toDyn(item ?? null));
  if (value instanceof Secret || typeof value !== "object" || value === null) return value;
  return mapEntries(value, toDyn);
}

function mapEntries(value: unknown, convert: (item: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, convert(item)]));
}

/** A CEL value as plain data: integers as numbers, durations as `30s`, objects and maps as objects. Secrets stay wrapped. */
export function fromCel(value: unknown): unknown {
  if (typeof value === "bigint") return fromInteger(value);
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Secret || typeof value !== "object" || value === null) return value;
  if (value instanceof Set) return [...value].map(fromCel);
  if (value instanceof Map) return plainEntries(value);
  if (value instanceof Date) return value.toISOString();
  if ("getMilliseconds" in value) return exactDuration(Number(value.valueOf()));
  return plainEntries(Object.entries(value).map(([key, item]) => [key, item ?? null]));
}

function plainEntries(entries: Iterable<readonly [unknown, unknown]>): Record<string, unknown> {
  return Object.fromEntries([...entries].map(([key, item]) => [String(key), fromCel(item)]));
}

function fromInteger(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is too large a number`);
  return number;
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** `30s`, `1500ms`, `5m`: in the largest unit that keeps it whole, so that reading it gives the same back. */
function exactDuration(ms: number): string {
  const whole = Math.round(ms);
  const unit = UNITS.find(([, size]) => whole !== 0 && whole % size === 0);
  return unit ? `${whole / unit[1]}${unit[0]}` : `${whole}ms`;
}
