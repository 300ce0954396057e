import { z } from "zod";
import { fingerprintOf } from "../../backup/fingerprint.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { ownVersion } from "../../core/own-version.ts";
import { commitBackup } from "../../repository/commit.ts";
import { backupFolder, MANIFEST } from "../../repository/layout.ts";
import { filesOf, MANIFEST_VERSION, type Manifest } from "../../repository/manifest.ts";
import { defineAction } from "../define.ts";
import { filesSchema, type ShardPart, shardPartsSchema } from "./parts.ts";
import { repositoryOf, writingTo } from "./repository.ts";
import { sourcesSchema } from "./sources.ts";

const resultSchema = z.strictObject({
  id: z.string(),
  repository: z.string(),
  bytes_raw: z.int(),
  bytes_stored: z.int(),
  keys: z.int().nullable().describe("Null where a shard was pulled: nobody counted"),
  encrypted: z.boolean(),
  pause_ms: z.number().nullable(),
  skew_ms: z.number().nullable(),
  from_primary: z.boolean().describe("Whether a primary was read"),
});

/** Writes the manifest, which makes a backup of what was stored. */
export const backupCommit = defineAction({
  name: "backup.commit",
  summary: "Writes the manifest, which turns what was stored into a backup; refuses where a shard is missing",
  scope: "controller",
  effect: "change",
  input: z.strictObject({
    sources: sourcesSchema,
    shards: shardPartsSchema,
    along: filesSchema,
    left_out: z.array(z.strictObject({ what: z.string(), why: z.string() })).default([]),
    method: z.enum(["bgsave", "sync", "aof"]),
    consistency: z.enum(["single", "parallel", "fenced"]),
    cut: z
      .looseObject({ pause_ms: z.number().nullish(), skew_ms: z.number().nullish() })
      .nullable()
      .default(null)
      .describe("What backup.save said of the moment of the snapshots"),
    started_at: z.string(),
    read_back: z.strictObject({ at: z.string(), duration_ms: z.int() }).describe("When everything was read back"),
    tag: z.string().nullable().default(null).describe("Words separated by commas"),
    reason: z.string().nullable().default(null),
  }),
  output: resultSchema,
  example: `- id: commit
  action: backup.commit
  with:
    sources: "\${{ steps.choose.outputs.sources }}"
    shards: ["\${{ steps.upload.hosts }}"]
    along: "\${{ steps.along.outputs.files }}"
    method: bgsave
    consistency: single
    started_at: "\${{ run.started_at }}"
    read_back: { at: "\${{ steps.read_back.outputs.at }}", duration_ms: "\${{ steps.read_back.outputs.duration_ms }}" }
  undo: none`,
  commands: () => [{ transport: "controller", text: "write manifest.json: from here on it is a backup" }],
  async run(input, context) {
    const { deployment, life } = context;
    refuseMissing(
      Object.values(input.sources).map(({ shard }) => shard),
      input.shards,
    );
    const repository = await writingTo(context);
    repository.signal.throwIfAborted();
    const redishaVersion = ownVersion();
    const manifest: Manifest = {
      manifest_version: MANIFEST_VERSION,
      id: life.id,
      repository_id: repository.id ?? "",
      deployment: deployment.name,
      fingerprint: fingerprintOf(
        deployment,
        input.shards.map(({ shard }) => shard.slots),
      ),
      topology: deployment.kind,
      redisha_version: redishaVersion,
      method: input.method,
      run_id: life.id,
      ...(input.reason ? { reason: input.reason } : {}),
      tags: (input.tag ?? "")
        .split(",")
        .map((tag) => tag.trim())
        .filter(Boolean),
      started: new Date(input.started_at).toISOString(),
      finished: new Date().toISOString(),
      needs: [],
      consistency: {
        mode: input.consistency,
        ...(input.cut?.pause_ms == null ? {} : { pause_ms: input.cut.pause_ms }),
        ...(input.cut?.skew_ms == null ? {} : { skew_ms: input.cut.skew_ms }),
      },
      shards: input.shards.map(({ shard }) => shard).sort((a, b) => (a.slots[0]?.[0] ?? 0) - (b.slots[0]?.[0] ?? 0)),
      meta: input.along,
      left_out: input.left_out,
      verifications: [
        {
          level: "stored",
          at: input.read_back.at,
          ok: true,
          redisha_version: redishaVersion,
          duration_ms: input.read_back.duration_ms,
          problems: [],
        },
      ],
    };
    await commitBackup(repository, manifest);
    return { outputs: summaryOf(manifest, repository.store.shown), changed: true };
  },
  async probe(_input, context) {
    const { store } = await repositoryOf(context);
    const folder = backupFolder(context.deployment.name, context.life.id);
    return (await store.stat(`${folder}${MANIFEST}`)) !== undefined;
  },
});

/** A set with a hole is no backup of the deployment, however good the rest of it is. */
function refuseMissing(wanted: readonly string[], stored: readonly ShardPart[]): void {
  const missing = wanted.filter((name) => !stored.some(({ shard }) => shard.name === name));
  if (missing.length === 0) return;
  throw new RedishaError({
    code: "BACKUP_INCOMPLETE",
    message: `Nothing was stored of shard ${missing.join(", ")}.`,
    exit: EXIT.failedSafe,
    state: "no manifest was written: what was stored is no backup",
    next: ["redisha backup"],
  });
}

function summaryOf(manifest: Manifest, repository: string): z.infer<typeof resultSchema> {
  const files = filesOf(manifest);
  const counts = manifest.shards.map(({ keys }) => keys?.read);
  return {
    id: manifest.id,
    repository,
    bytes_raw: files.reduce((sum, file) => sum + file.size_raw, 0),
    bytes_stored: files.reduce((sum, file) => sum + file.size_stored, 0),
    keys: counts.some((count) => count === undefined)
      ? null
      : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    encrypted: files.every(({ encryption }) => encryption === "age"),
    pause_ms: manifest.consistency.pause_ms ?? null,
    skew_ms: manifest.consistency.skew_ms ?? null,
    from_primary: manifest.shards.some(({ source }) => source.role === "primary"),
  };
}
