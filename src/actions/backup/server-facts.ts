import type { RedisConnection } from "../../connect/types.ts";
import type { Shard } from "../../repository/manifest.ts";
import { intField } from "../../topology/parse/info.ts";
import { infoOf, serverOf } from "./save/persistence.ts";

/** What the manifest keeps of the server: what a restore has to match. */
export async function serverFacts(connection: RedisConnection, signal: AbortSignal): Promise<Shard["server"]> {
  const info = await infoOf(connection, ["server", "memory"], signal);
  const modules = await connection.command(["MODULE", "LIST"], { signal }).catch(() => []);
  return {
    ...serverOf(info),
    modules: Array.isArray(modules) ? modules.flatMap(readModule) : [],
    maxmemory: intField(info, "maxmemory") ?? 0,
    used_memory: intField(info, "used_memory") ?? 0,
  };
}

/** `["name", "search", "ver", 20811, …]`. */
function readModule(reply: unknown): { name: string; version: number }[] {
  if (!Array.isArray(reply)) return [];
  const at = (word: string) => reply[reply.indexOf(word) + 1];
  const [name, version] = [at("name"), Number(at("ver"))];
  return typeof name === "string" && Number.isSafeInteger(version) ? [{ name, version }] : [];
}
