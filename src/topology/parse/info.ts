/** Fields of INFO by name. Sections are dropped: field names are unique across them. */
export type InfoMap = Readonly<Record<string, string>>;

/** Reads the text of INFO (any sections). Lines that are no `name:value` are passed over; it never throws. */
export function parseInfo(text: string): Record<string, string> {
  const fields: [string, string][] = [];
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.push([line.slice(0, colon), line.slice(colon + 1)]);
  }
  return Object.fromEntries(fields);
}

/** The text that parseInfo reads back to the same map. */
export function printInfo(info: InfoMap): string {
  return Object.entries(info)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join("");
}

/**
 * A field under any of the words that versions use for it. Redis says master and slave, newer engines may say primary
 * and replica; Valkey renamed `redis_mode` to `server_mode`.
 */
export function field(info: InfoMap, name: string): string | null {
  const newer = name.replace(/master/g, "primary").replace(/slave/g, "replica");
  for (const candidate of [name, newer]) {
    if (Object.hasOwn(info, candidate)) return info[candidate] ?? null;
  }
  return null;
}

/** A whole number, or null where it is missing or none. */
export function intField(info: InfoMap, name: string): number | null {
  return toInt(field(info, name));
}

/** Like intField; Redis writes -1 where there is no such time yet, which is null here. */
export function durationField(info: InfoMap, name: string): number | null {
  const value = intField(info, name);
  return value === null || value < 0 ? null : value;
}

/** `1` or `0` as a boolean. */
export function flagField(info: InfoMap, name: string): boolean | null {
  const value = field(info, name);
  return value === "1" ? true : value === "0" ? false : null;
}

/** `ok` or anything else, as statuses of persistence are written. */
export function okField(info: InfoMap, name: string): boolean | null {
  const value = field(info, name);
  return value === null ? null : value === "ok";
}

/** A decimal whole number that JavaScript holds exactly; null for anything else. */
export function toInt(text: unknown): number | null {
  if (typeof text === "number") return Number.isSafeInteger(text) ? text : null;
  if (typeof text !== "string" || !/^-?\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value + 0 : null;
}
