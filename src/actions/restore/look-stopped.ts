import { parseBytes } from "../../core/units.ts";
import type { Instance } from "../../inventory/model.ts";
import { compareVersions } from "../../runbook/versions.ts";
import type { ActionContext } from "../contract.ts";
import { lastOf, locateStopped } from "../service/locate.ts";
import type { Looked } from "./schemas.ts";

/** What is known of a server that does not run, before its disk and memory are looked at: all from its configuration file. */
export async function lookAtStopped(
  instance: Instance,
  configFiles: Readonly<Record<string, string>>,
  context: ActionContext,
): Promise<Omit<Looked, "free" | "memory_available">> {
  const { service, directives, engine, version, arch_bits } = await locateStopped(
    instance,
    configFiles[instance.id],
    context,
  );
  const of = (name: string) => lastOf(directives, name);
  const parts = engine === "valkey" || compareVersions(version, "7.0") >= 0;
  const saves = directives.filter(({ name }) => name === "save").map(({ values }) => values.join(" "));
  return {
    role: directives.some(({ name }) => name === "replicaof" || name === "slaveof") ? "replica" : "primary",
    engine,
    version,
    arch_bits,
    // A `loadmodule` names a file and not the module, and some load more than is written: Valkey 9.1 its Lua.
    modules: null,
    databases: of("cluster-enabled") === "yes" ? 1 : Number(of("databases") ?? 16),
    used_memory: 0,
    maxmemory: parseBytes(of("maxmemory") ?? "0") ?? 0,
    dir: of("dir") ?? "",
    dbfilename: of("dbfilename") ?? "dump.rdb",
    appendonly: of("appendonly") === "yes",
    appendfilename: of("appendfilename") ?? "appendonly.aof",
    appenddirname: parts ? (of("appenddirname") ?? "appendonlydir") : null,
    save_points: saves.filter((each) => each !== "").join(" "),
    service,
  };
}

/** `r1:6379=/etc/redis/a.conf,r2:6379=…` as the runbook takes it. */
export function readConfigFiles(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** Nothing listens, or nobody is there to answer: not a password that is wrong, or a server that is busy. */
export function isDown(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["REDIS_REFUSED", "REDIS_UNREACHABLE", "REDIS_CLOSED"].includes(code);
}
