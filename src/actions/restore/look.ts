import { z } from "zod";
import type { Instance } from "../../inventory/model.ts";
import { intField } from "../../topology/parse/info.ts";
import { infoOf, serverOf } from "../backup/save/persistence.ts";
import { serverFacts } from "../backup/server-facts.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { readDirectives } from "../redis/directives.ts";
import { describeService } from "../service/describe.ts";
import { onHostOf } from "../service/shell.ts";
import { isDown, lookAtStopped, readConfigFiles } from "./look-stopped.ts";
import { type Looked, lookedSchema } from "./schemas.ts";

/** `$1` the folder. Free blocks of 1024 bytes, then memory that is available, in the same unit. */
const ROOM = `
set -eu
df -Pk -- "$1" | awk 'NR==2 { print $4 }'
awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || echo 0`;

/** Reads all that a restore has to fit to: from the server while it still runs, else from its configuration file. */
export const restoreLook = defineAction({
  name: "restore.look",
  summary: "Reads version, modules, memory, disk, where and how the data is kept, and how the server is run",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({
    config_files: z
      .array(z.string())
      .default([])
      .describe("INSTANCE=PATH of servers that do not run, where no systemd unit tells"),
  }),
  output: lookedSchema,
  example: `- id: look
  action: restore.look
  targets: { role: data }
  with: {}`,
  commands: () =>
    [
      ["INFO", "server memory replication"].join(" "),
      "CONFIG GET dir dbfilename appendonly appendfilename appenddirname save databases",
      "MODULE LIST",
    ].map((text) => ({ transport: "redis" as const, text })),
  async run({ config_files }, context) {
    const instance = instanceOf(context);
    const seen = await lookAtRunning(instance, context).catch((error: unknown) => {
      if (!isDown(error)) throw error;
      return lookAtStopped(instance, readConfigFiles(config_files), context);
    });
    const failure = {
      code: "RESTORE_HOST_FILES",
      what: `${seen.dir} cannot be looked at`,
      state: "nothing was changed",
    };
    const [free = 0, available = 0] = (await onHostOf(instance, context, ROOM, [seen.dir], failure))
      .trim()
      .split("\n")
      .map(Number);
    return { outputs: { ...seen, free: free * 1024, memory_available: available * 1024 }, changed: false };
  },
});

async function lookAtRunning(
  instance: Instance,
  context: ActionContext,
): Promise<Omit<Looked, "free" | "memory_available">> {
  const redis = await context.redis(instance);
  const info = await infoOf(redis, ["server", "memory", "replication"], context.signal);
  const names = ["dir", "dbfilename", "appendonly", "appendfilename", "save"];
  const held = await readDirectives(redis, names);
  const cluster = info.redis_mode === "cluster" || info.server_mode === "cluster";
  const databases = cluster ? "1" : ((await readDirectives(redis, ["databases"])).databases ?? "16");
  const parts = await readDirectives(redis, ["appenddirname"]).catch(() => ({ appenddirname: undefined }));
  const { modules } = await serverFacts(redis, context.signal);
  const { name, version, arch_bits } = serverOf(info);
  return {
    role: info.role === "slave" || info.role === "replica" ? "replica" : "primary",
    engine: name,
    version,
    arch_bits,
    modules: modules.map((module) => module.name).sort(),
    databases: Number(databases),
    used_memory: intField(info, "used_memory") ?? 0,
    maxmemory: intField(info, "maxmemory") ?? 0,
    dir: held.dir ?? "",
    dbfilename: held.dbfilename ?? "dump.rdb",
    appendonly: held.appendonly === "yes",
    appendfilename: held.appendfilename ?? "appendonly.aof",
    appenddirname: parts.appenddirname ?? null,
    save_points: held.save ?? "",
    service: await describeService(instance, context),
  };
}
