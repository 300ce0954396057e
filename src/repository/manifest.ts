import { z } from "zod";

/** What a stored file was in its plain form. */
const FILE_KINDS = [
  "rdb",
  "aof-base",
  "aof-incr",
  "aof-manifest",
  "topology",
  "redis-conf",
  "sentinel-conf",
  "nodes-conf",
  "users-acl",
  "functions",
  "other",
] as const;

const instant = () => z.iso.datetime({ precision: 3 });
const digest = () => z.string().regex(/^[0-9a-f]{64}$/);
const size = () => z.int().min(0);
const relativePath = () =>
  z
    .string()
    .regex(/^(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9._@+:-]+(\/[A-Za-z0-9._@+:-]+)*$/, "expected a path below the backup");

/** One stored object and both of its forms: what was read, and what lies in the repository. */
export const storedFileSchema = z.object({
  name: relativePath().describe("Path below the folder of the backup: shards/main/dump.rdb.zst.age."),
  kind: z.enum(FILE_KINDS),
  instance: z.string().optional().describe("Where it came from, as redisha.yaml names it: r1:6379."),
  size_raw: size().describe("Bytes of the plain file."),
  sha256_raw: digest(),
  size_stored: size().describe("Bytes in the repository, compressed and encrypted."),
  sha256_stored: digest(),
  compression: z.enum(["zstd", "none"]),
  level: z.int().optional().describe("Level of the compression."),
  encryption: z.enum(["age", "none"]),
  recipients: z.array(z.string()).describe("age recipients, public, who can decrypt it."),
});

const slotRange = () => z.tuple([z.int().min(0).max(16_383), z.int().min(0).max(16_383)]);

const serverSchema = z.object({
  name: z.string().describe("redis, valkey, …, as the server calls itself."),
  version: z.string(),
  modules: z.array(z.object({ name: z.string(), version: z.int() })),
  maxmemory: size(),
  used_memory: size(),
  arch_bits: z.union([z.literal(32), z.literal(64)]),
});

const sourceSchema = z.object({
  instance: z.string(),
  role: z.enum(["primary", "replica"]),
  node_id: z.string().optional().describe("Cluster's name for the node."),
  fell_back_to_primary: z.boolean(),
  lag_bytes: size().optional(),
  lag_seconds: z.number().min(0).optional(),
});

const rdbSchema = z.object({
  magic: z.string().describe("First five or six letters of the file: REDIS, VALKEY."),
  version: z.int().describe("Version in the header of the file."),
  created: instant().optional().describe("ctime of the file's own header."),
  repl_id: z.string().optional(),
  repl_offset: size().optional(),
  checksum: z.boolean().describe("False: the server writes no checksum, and damage to the plain file goes unnoticed."),
  aux: z.record(z.string(), z.string()),
});

const keysSchema = z.object({
  read: size(),
  expires: size(),
  already_expired: size().optional().describe("Gone as soon as a primary loads them; absent where nobody looked."),
  per_db: z.record(z.string(), size()).optional().describe("Keys of each database, by its number."),
});

const aofSchema = z.object({
  base_created: instant().describe("State that the base holds; nothing before it can be restored."),
  first_annotation: instant().optional().describe("First timestamp in the increments."),
  last_annotation: instant().optional().describe("Last timestamp: the end of the window."),
  starts_with_annotation: z.boolean(),
});

export const shardSchema = z.object({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .describe("main, or the slots: c0-5460."),
  slots: z.array(slotRange()).describe("Empty unless the deployment is a Cluster."),
  source: sourceSchema,
  server: serverSchema,
  rdb: rdbSchema.optional(),
  keys: keysSchema.optional(),
  aof: aofSchema.optional(),
  save: z
    .object({ duration_ms: z.number().min(0), fork_usec: size().optional(), cow_bytes: size().optional() })
    .optional()
    .describe("What BGSAVE cost the server."),
  files: z.array(storedFileSchema).min(1),
});

/** One look at a backup that was already stored; kept beside the manifest, which never changes. */
export const verificationSchema = z.object({
  level: z.enum(["stored", "rdb", "restore"]),
  at: instant(),
  ok: z.boolean(),
  redisha_version: z.string(),
  server_version: z.string().optional().describe("Of the program that checked or loaded it."),
  duration_ms: z.number().min(0),
  problems: z.array(z.string()),
});

export const MANIFEST_VERSION = 1;

/** The one list of what a backup is made of. Written last: a backup without it is no backup. Never changed afterwards. */
export const manifestSchema = z.object({
  manifest_version: z.literal(MANIFEST_VERSION),
  id: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/),
  repository_id: z.string(),
  deployment: z.string(),
  fingerprint: z.string().describe("Of the deployment: topology and Sentinel's name, or the slots of the shards."),
  topology: z.enum(["replication", "sentinel", "cluster"]),
  redisha_version: z.string(),
  method: z.enum(["bgsave", "sync", "aof", "server-backup"]),
  run_id: z.string().optional().describe("Of the run whose journal tells how it was made."),
  reason: z.string().optional(),
  tags: z.array(z.string()),
  started: instant(),
  finished: instant(),
  needs: z.array(z.string()).describe("Backups that this one cannot be restored without."),
  consistency: z.object({
    mode: z.enum(["single", "none", "parallel", "fenced"]),
    pause_ms: z.number().min(0).optional(),
    skew_ms: z.number().min(0).optional(),
  }),
  shards: z.array(shardSchema).min(1),
  meta: z.array(storedFileSchema).describe("Configuration, ACL users, topology: what is in no RDB."),
  left_out: z.array(z.object({ what: z.string(), why: z.string() })).describe("What could not be had, and why."),
  verifications: z.array(verificationSchema).describe("What was looked at before the manifest was written."),
});

export type StoredFile = z.infer<typeof storedFileSchema>;
export type FileKind = StoredFile["kind"];
export type Verification = z.infer<typeof verificationSchema>;
export type Shard = z.infer<typeof shardSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** Every stored file of a backup: those of its shards, then the rest. */
export function filesOf({ shards, meta }: Manifest): readonly StoredFile[] {
  return [...shards.flatMap(({ files }) => files), ...meta];
}
