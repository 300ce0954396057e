import { z } from "zod";
import type { RdbHeader } from "../../backup/rdb-header.ts";
import { RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { redisCommand } from "../redis/argv.ts";
import { writingTo } from "./repository.ts";
import { saveSet } from "./save/save-set.ts";
import { keptName } from "./save/scripts.ts";
import { snapshotPlace } from "./save/server-files.ts";
import { becomes, instanceNamed, limitRateSchema, type Source, sourcesSchema } from "./sources.ts";
import { AHEAD_AT_ONCE } from "./store-ahead.ts";

export const savedSchema = z.strictObject({
  path: z.string().describe("On the host: the link that keeps the file of this save"),
  size: z.int(),
  inode_before: z.string().nullable(),
  inode: z.string(),
  duration_ms: z.int(),
  fork_usec: z.int().nullable(),
  cow_bytes: z.int().nullable(),
  rdb: z.strictObject({ magic: z.string(), version: z.int(), aux: z.record(z.string(), z.string()) }),
});
export type Saved = z.infer<typeof savedSchema>;

/** BGSAVE on every source at once, each proved to be ours and kept by a hard link. */
export const backupSave = defineAction({
  name: "backup.save",
  summary:
    "Has every source save now, proves that each file is from that save, keeps it by a hard link on its host, and begins to store it while it is written",
  scope: "controller",
  effect: "change",
  input: z.strictObject({
    sources: sourcesSchema,
    consistency: z
      .enum(["single", "parallel", "fenced"])
      .describe("fenced holds the writes of all shards while they fork; parallel only asks all at once"),
    pause_limit: durationSchema.default(500).describe("After this long the servers let writes go on by themselves"),
    limit_rate: limitRateSchema,
  }),
  output: z.strictObject({
    saves: z.record(z.string(), savedSchema).describe("By instance"),
    pause_ms: z.number().nullable().describe("How long writes were held"),
    skew_ms: z.number().describe("Between the first and the last fork"),
  }),
  example: `- id: save
  action: backup.save
  with: { sources: "\${{ steps.choose.outputs.sources }}", consistency: single }
  timeout: 1h
  undo: { action: backup.release, with: { sources: "\${{ steps.choose.outputs.sources }}" } }`,
  commands: ({ sources: byInstance, consistency, pause_limit }) => {
    const sources = Object.values(byInstance);
    const primaries = sources.map(({ primary }) => primary).join(", ");
    const fence = consistency === "fenced" ? [on(primaries, ["CLIENT", "PAUSE", String(pause_limit), "WRITE"])] : [];
    const unfence = consistency === "fenced" ? [on(primaries, ["CLIENT", "UNPAUSE"])] : [];
    const link = sources.map(({ host }) => ({
      transport: "script" as const,
      text: `on ${host}: ln DIR/DBFILENAME DIR/${keptName("RUN")}`,
    }));
    const meanwhile = sources.map(({ host, shard }) => ({
      transport: "script" as const,
      text: `on ${host}: cat DIR/temp-*.rdb as it grows, to shards/${shard}/dump.rdb in the repository`,
    }));
    const ask = sources.map(({ instance }) => on(instance, ["BGSAVE"]));
    return [...fence, ...ask, ...unfence, ...meanwhile.slice(0, AHEAD_AT_ONCE), ...link];
  },
  async run({ sources, consistency, pause_limit, limit_rate }, context) {
    const how = {
      limitRate: limit_rate,
      consistency: consistency === "fenced" ? consistency : ("parallel" as const),
      pauseLimitMs: pause_limit,
    };
    // Before anything is saved: who may not store now, is told so now.
    await writingTo(context);
    const { saves, pauseMs, skewMs } = await saveSet(Object.values(sources), how, context);
    const byInstance = saves.map(({ source, kept }): [string, Saved] => [
      source.instance,
      {
        path: kept.path,
        size: kept.after.size,
        inode_before: kept.before?.inode ?? null,
        inode: kept.after.inode,
        duration_ms: kept.durationMs,
        fork_usec: kept.forkUsec,
        cow_bytes: kept.cowBytes,
        rdb: headOf(kept.header),
      },
    ]);
    return { outputs: { saves: Object.fromEntries(byInstance), pause_ms: pauseMs, skew_ms: skewMs }, changed: true };
  },
  repeatable: true,
});

/** redis-check-rdb counts the keys of this file, all of them. */
function headOf({ magic, version, aux }: RdbHeader): Saved["rdb"] {
  return { magic, version, aux: { ...aux } };
}

/** Removes what a run keeps on the hosts of its sources. */
export const backupRelease = defineAction({
  name: "backup.release",
  summary: "Removes the hard links by which a backup kept files on the hosts; the server's own files stay",
  scope: "controller",
  effect: "change",
  input: z.strictObject({ sources: sourcesSchema }),
  output: z.strictObject({ removed: z.array(z.string()) }),
  example: `- id: release
  action: backup.release
  with: { sources: "\${{ steps.choose.outputs.sources }}" }
  undo: none`,
  commands: ({ sources }) =>
    withFiles(sources).map(({ host }) => ({ transport: "script", text: `on ${host}: rm -rf DIR/${keptName("RUN")}` })),
  async run({ sources }, context) {
    const removed = await Promise.all(withFiles(sources).map((source) => release(source, context)));
    return { outputs: { removed: removed.flat() }, changed: removed.flat().length > 0 };
  },
  repeatable: true,
});

/** A file that was pulled by replication never lay on its host. */
function withFiles(sources: Readonly<Record<string, Source>>): readonly Source[] {
  return Object.values(sources).filter(({ method }) => method !== "sync");
}

const REMOVE = `
[ -e "$1" ] || exit 0
rm -rf -- "$1" && printf '%s\\n' "$1"`;

async function release(source: Source, context: ActionContext): Promise<string[]> {
  const instance = instanceNamed(context.deployment, source.instance);
  const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
  const place = await snapshotPlace(redis).catch((error: unknown) => {
    // Who does not know where the files are has kept none of them.
    if (error instanceof RedishaError && error.code === "BACKUP_PLACE_UNKNOWN") return undefined;
    throw error;
  });
  if (!place) return [];
  const { dir } = place;
  const kept = `${dir}/${keptName(context.life.id)}`;
  const { stdout } = await shell.script(REMOVE, [kept], { become: becomes(instance.host), signal: context.signal });
  return stdout.split("\n").filter((line) => line !== "");
}

function on(where: string, argv: readonly string[]) {
  return { transport: "redis" as const, text: `on ${where}: ${redisCommand(argv).text}` };
}
