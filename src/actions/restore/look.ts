import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { intField } from "../../topology/parse/info.ts";
import { infoOf, serverOf } from "../backup/save/persistence.ts";
import { serverFacts } from "../backup/server-facts.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { readDirectives } from "../redis/directives.ts";
import { describeService } from "../service/describe.ts";
import { onHostOf } from "../service/shell.ts";
import { lookedSchema } from "./schemas.ts";

/** `$1` the folder. Free blocks of 1024 bytes, then memory that is available, in the same unit. */
const ROOM = `
set -eu
df -Pk -- "$1" | awk 'NR==2 { print $4 }'
awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || echo 0`;

/** Reads all that a restore has to fit to, while the server still runs. */
export const restoreLook = defineAction({
  name: "restore.look",
  summary: "Reads version, modules, memory, disk, where and how the data is kept, and how the server is run",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({}),
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
  async run(_input, context) {
    const instance = instanceOf(context);
    const redis = await context.redis(instance).catch((cause: unknown) => {
      throw unreachable(instance.id, cause);
    });
    const info = await infoOf(redis, ["server", "memory", "replication"], context.signal);
    const names = ["dir", "dbfilename", "appendonly", "appendfilename", "save"];
    const held = await readDirectives(redis, names);
    const cluster = info.redis_mode === "cluster" || info.server_mode === "cluster";
    const databases = cluster ? "1" : ((await readDirectives(redis, ["databases"])).databases ?? "16");
    const parts = await readDirectives(redis, ["appenddirname"]).catch(() => ({ appenddirname: undefined }));
    const { modules } = await serverFacts(redis, context.signal);
    const { name, version, arch_bits } = serverOf(info);
    const dir = held.dir ?? "";
    const failure = { code: "RESTORE_HOST_FILES", what: `${dir} cannot be looked at`, state: "nothing was changed" };
    const [free = 0, available = 0] = (await onHostOf(instance, context, ROOM, [dir], failure))
      .trim()
      .split("\n")
      .map(Number);
    return {
      outputs: {
        role: info.role === "slave" || info.role === "replica" ? "replica" : "primary",
        engine: name,
        version,
        arch_bits,
        modules: modules.map((module) => module.name).sort(),
        databases: Number(databases),
        used_memory: intField(info, "used_memory") ?? 0,
        maxmemory: intField(info, "maxmemory") ?? 0,
        dir,
        dbfilename: held.dbfilename ?? "dump.rdb",
        appendonly: held.appendonly === "yes",
        appendfilename: held.appendfilename ?? "appendonly.aof",
        appenddirname: parts.appenddirname ?? null,
        save_points: held.save ?? "",
        free: free * 1024,
        memory_available: available * 1024,
        service: await describeService(instance, context),
      },
      changed: false,
    };
  },
});

function unreachable(id: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "RESTORE_INSTANCE_DOWN",
    message: `${id} does not answer: where it keeps its data, and how it is run, cannot be read.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: [
      "start it, with an empty folder where it does not start otherwise",
      "redisha status",
      "redisha restore --to-scratch: look at the data meanwhile",
    ],
    cause,
  });
}
