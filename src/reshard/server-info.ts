import type { RedisConnection } from "../connect/types.ts";
import { all } from "./orders.ts";

const known = new WeakMap<RedisConnection, Promise<string>>();

/** `INFO server`, asked once for each connection. A large key may keep the server busy; where it fails it is asked again. */
export function serverInfo(node: RedisConnection, signal: AbortSignal): Promise<string> {
  const info = known.get(node) ?? all(node, [["INFO", "server"]], signal).then(([answer]) => String(answer));
  known.set(node, info);
  info.catch(() => known.delete(node));
  return info;
}
