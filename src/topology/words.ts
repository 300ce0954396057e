import { parseEndpoint } from "./parse/address.ts";
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

/** A command for redis-cli on that instance, ready to be typed. The words must need no quotes: SSH hands them to a shell. */
export function redisCli({ redis_cli }: DataNode | SentinelNode, ...words: readonly string[]): string {
  return [redis_cli, ...words].join(" ");
}

/** A command to type on that instance's machine, ready to be typed where a way to it is known. */
export function onHostOf({ shell, host }: DataNode | SentinelNode, command: string): string {
  if (shell === null) return `on ${host}: ${command}`;
  return shell === "" ? command : `${shell} ${command}`;
}

/** `REPLICAOF 10.0.1.10 6379` for the instance that is to follow `primary`, by the address that it tells others to use. */
export function follow(replica: DataNode, primary: DataNode | undefined): string {
  const { address, port } = parseEndpoint(primary?.announced ?? "") ?? primary ?? { address: "HOST", port: "PORT" };
  return redisCli(replica, "REPLICAOF", address, String(port));
}

export function percent(part: number, whole: number): string {
  return `${Math.floor((part / whole) * 100)}%`;
}
