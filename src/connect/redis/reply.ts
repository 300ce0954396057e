import type { RedisReply } from "../types.ts";

/**
 * A reply as plain data. The client gives bulk strings as buffers and, told so, integers as text: ioredis 6.0.0 decodes
 * integers from 2^53 - 46 on inexactly, so that the number is made here, and left as text where it would not be exact.
 *
 * @throws the error reply that stands inside an array, e.g. in the answer to EXEC.
 */
export function toReply(value: unknown, encoding: "utf8" | "latin1" = "utf8"): RedisReply {
  if (Buffer.isBuffer(value)) return value.toString(encoding);
  if (typeof value === "string") return exactInteger(value);
  if (Array.isArray(value)) return value.map((each) => toReply(each, encoding));
  if (value instanceof Error) throw value;
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  throw new TypeError(`a reply of an unknown kind: ${typeof value}`);
}

function exactInteger(digits: string): number | string {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}
