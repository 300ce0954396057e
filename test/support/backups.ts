import { Readable } from "node:stream";
import { newBackupId } from "../../src/repository/backup-id.ts";
import { commitBackup } from "../../src/repository/commit.ts";
import { backupFolder } from "../../src/repository/layout.ts";
import type { Manifest, StoredFile } from "../../src/repository/manifest.ts";
import { packFile } from "../../src/repository/pipeline/pack-file.ts";
import type { Repository } from "../../src/repository/repository.ts";

/** A manifest as a backup of one shard would have it. */
export function manifestOf(repository: Repository, id: string, files: readonly StoredFile[]): Manifest {
  return {
    manifest_version: 1,
    id,
    repository_id: repository.id ?? "",
    deployment: repository.deployment,
    fingerprint: "sentinel:mymaster",
    topology: "sentinel",
    redisha_version: "0.1.0",
    method: "bgsave",
    tags: [],
    started: "2026-11-20T15:30:00.000Z",
    finished: "2026-11-20T15:31:00.000Z",
    needs: [],
    consistency: { mode: "single" },
    shards: [
      {
        name: "main",
        slots: [],
        source: { instance: "r2:6379", role: "replica", fell_back_to_primary: false },
        server: { name: "redis", version: "7.0.15", modules: [], maxmemory: 0, used_memory: 1_000_000, arch_bits: 64 },
        files: [...files],
      },
    ],
    meta: [],
    left_out: [],
    verifications: [],
  };
}

/** Stores one file under an id, without finishing the backup. */
export async function storeFile(repository: Repository, id: string, text = "dump"): Promise<StoredFile> {
  const folder = backupFolder(repository.deployment, id);
  const source = Readable.from([Buffer.from(text)]);
  const options = { name: "shards/main/dump.rdb", kind: "rdb" } as const;
  return await packFile(repository.store, folder, source, { compression: 3 }, options);
}

/** Stores a whole backup of one small file. */
export async function storeBackup(
  repository: Repository,
  changes: Partial<Manifest> = {},
  id = newBackupId(),
): Promise<Manifest> {
  const manifest = { ...manifestOf(repository, id, [await storeFile(repository, id)]), ...changes };
  await commitBackup(repository, manifest);
  return manifest;
}
