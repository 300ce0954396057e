import { z } from "zod";
import { manifestSchema, verificationSchema } from "../../repository/manifest.ts";

/** What the backup commands answer with `--json`; `backup` itself answers as `run` does. */

const rowSchema = z.strictObject({
  id: z.string(),
  state: z.enum(["complete", "unfinished", "running", "damaged"]),
  started: z.string().nullable(),
  finished: z.string().nullable(),
  method: z.string().nullable(),
  consistency: z.string().nullable().describe("single, parallel or fenced"),
  shards: z.int().nullable(),
  keys: z.int().nullable().describe("Null where nobody counted"),
  size_raw: z.int().nullable().describe("Bytes in plain form"),
  size_stored: z.int().describe("Bytes in the repository"),
  encrypted: z.boolean().nullable(),
  verified: z
    .strictObject({ level: z.string(), at: z.string(), ok: z.boolean() })
    .nullable()
    .describe("The last look at it"),
  window: z
    .strictObject({ from: z.string(), to: z.string() })
    .nullable()
    .describe("Points in time that it can be restored to; null without timestamps"),
  held: z.string().nullable().describe("Why it never expires"),
  tags: z.array(z.string()).readonly(),
  reason: z.string().nullable(),
  problems: z.array(z.string()).readonly(),
});

export const backupListResultSchema = z.strictObject({
  deployment: z.string(),
  repository: z.string(),
  backups: z.array(rowSchema).readonly().describe("Newest first"),
  followed: z
    .array(z.strictObject({ from: z.string(), to: z.string() }))
    .readonly()
    .describe("Points in time that restore --at reaches by what backup follow stored, the oldest first"),
});

export const backupShowResultSchema = z.strictObject({
  row: rowSchema,
  manifest: manifestSchema,
  verifications: z.array(verificationSchema).readonly(),
  folder: z.string(),
});

const verifiedSchema = z.strictObject({
  id: z.string(),
  ok: z.boolean(),
  files: z.int(),
  bytes: z.int().describe("Bytes that were read"),
  keys: z.int().nullable().describe("Keys that were counted"),
  checked_by: z.string().nullable().describe("Programs that read the snapshots"),
  duration_ms: z.int(),
  problems: z.array(z.string()).readonly(),
});

export const backupVerifyResultSchema = z.strictObject({
  deployment: z.string(),
  repository: z.string(),
  level: z.enum(["stored", "rdb", "restore"]),
  backups: z.array(verifiedSchema).readonly(),
  followed: z.array(verifiedSchema).readonly().describe("What backup follow stored, by shard"),
  exit: z.int(),
});

export const backupHoldResultSchema = z.strictObject({
  id: z.string(),
  held: z.boolean(),
  reason: z.string().nullable(),
});

export const backupPruneResultSchema = z.strictObject({
  deployment: z.string(),
  timezone: z.string().describe("Whose days and weeks the rules count"),
  dry_run: z.boolean(),
  decisions: z
    .array(
      z.strictObject({
        id: z.string(),
        keep: z.boolean(),
        bytes: z.int(),
        reasons: z.array(z.string()).readonly(),
      }),
    )
    .readonly()
    .describe("Newest first"),
  deleted: z.array(z.string()).readonly(),
  cleaned: z.array(z.string()).readonly().describe("Never finished; what was left of them is removed"),
  warnings: z.array(z.string()).readonly(),
});

export const backupCheckResultSchema = z.strictObject({
  deployment: z.string(),
  repository: z.string(),
  backups: z.int().describe("Complete ones"),
  newest: z.strictObject({ id: z.string(), finished: z.string(), size_raw: z.int() }).nullable(),
  followed: z
    .strictObject({ from: z.string(), to: z.string() })
    .nullable()
    .describe("The newest moments that restore --at reaches by what backup follow stored"),
  findings: z
    .array(
      z.strictObject({
        code: z.string(),
        severity: z.enum(["error", "warning"]),
        message: z.string(),
        backup: z.string().optional(),
      }),
    )
    .readonly(),
  exit: z.int(),
});

export const backupFollowResultSchema = z.strictObject({
  deployment: z.string(),
  repository: z.string(),
  shards: z
    .array(
      z.strictObject({
        shard: z.string(),
        reaches: z.string().nullable().describe("Up to then everything is stored; null before there is a base"),
      }),
    )
    .readonly(),
});

const filePart = z.strictObject({ path: z.string(), text: z.string() });
export const backupScheduleResultSchema = z.strictObject({
  service: filePart,
  timer: filePart.nullable().describe("Null for --follow, which runs all the time"),
  crontab: filePart.nullable(),
});

export type BackupScheduleResult = z.infer<typeof backupScheduleResultSchema>;
