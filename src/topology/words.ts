import type { DataNode, SentinelNode } from "./schema.ts";

/** `1 replica`, `2 replicas`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  if (items.length <= 1) return items[0] ?? "";
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** The first few, and how many more there are. */
export function few(items: readonly string[], limit = 5): string {
  if (items.length <= limit) return list(items);
  return `${items.slice(0, limit).join(", ")} and ${items.length - limit} more`;
}

/** A command for redis-cli on that instance, ready to be typed; it will ask for the password by REDISCLI_AUTH. */
export function redisCli({ address, port }: DataNode | SentinelNode, ...words: readonly string[]): string {
  return ["redis-cli", "-h", address, "-p", String(port), ...words].join(" ");
}

export function percent(part: number, whole: number): string {
  return `${Math.floor((part / whole) * 100)}%`;
}
