import { RedishaError } from "../core/errors.ts";
import { type Catalog, type CatalogEntry, type CompleteBackup, readCatalog } from "./catalog.ts";
import { backupFolder, HOLD, MANIFEST, MANIFEST_DIGEST, VERIFICATIONS } from "./layout.ts";
import { filesOf } from "./manifest.ts";
import { type ReadOptions, verifyStored } from "./pipeline/unpack-file.ts";
import type { Repository } from "./repository.ts";

export interface RepositoryFinding {
  readonly code:
    | "backup-damaged"
    | "object-damaged"
    | "object-unread"
    | "orphan"
    | "backup-unfinished"
    | "upload-unfinished";
  readonly severity: "error" | "warning";
  /** The backup it is about. */
  readonly backup: string;
  readonly message: string;
}

export interface CheckOptions extends Pick<ReadOptions, "throttle" | "signal"> {
  /** `size`: by the lists of the store alone. `digest`: every stored byte is read. */
  readonly level: "size" | "digest";
  /** Only these; all by default. */
  readonly ids?: readonly string[];
  /** Stored bytes that were read so far, and the name of the file that is being read. */
  readonly onProgress?: (bytes: number, file: string) => void;
}

export interface RepositoryCheck {
  readonly catalog: Catalog;
  readonly findings: readonly RepositoryFinding[];
  /** Stored bytes that were read. */
  readonly bytes: number;
}

/** Holds what lies in the repository against its manifests. Changes nothing. */
export async function checkRepository(repository: Repository, options: CheckOptions): Promise<RepositoryCheck> {
  const catalog = await readCatalog(repository, options.signal);
  const wanted = ({ id }: { id: string }) => options.ids?.includes(id) ?? true;
  const findings: RepositoryFinding[] = [];
  let bytes = 0;
  for (const entry of catalog.backups.filter(wanted)) {
    findings.push(...ofEntry(repository, entry));
    if (options.level === "size" || entry.state !== "complete") continue;
    const read = await readFiles(repository, entry, bytes, options);
    findings.push(...read.findings);
    bytes = read.bytes;
  }
  const folder = backupFolder(repository.deployment, "").slice(0, -1);
  const running = new Set(catalog.backups.flatMap((each) => ("running" in each && each.running ? [each.id] : [])));
  for await (const { key } of repository.store.leftovers(folder)) {
    const id = key.slice(folder.length).split("/")[0] ?? "";
    if (!wanted({ id }) || running.has(id)) continue;
    const message = `an upload of ${key} was cut off; the next prune removes it`;
    findings.push({ code: "upload-unfinished", severity: "warning", backup: id, message });
  }
  return { catalog, findings, bytes };
}

function ofEntry(repository: Repository, entry: CatalogEntry): RepositoryFinding[] {
  const backup = entry.id;
  if (entry.state === "damaged") {
    return entry.problems.map((message) => ({ code: "backup-damaged", severity: "error", backup, message }));
  }
  if (entry.state === "unfinished") {
    if (entry.running) return [];
    const message = `it has ${entry.objects.length} objects and no manifest: it does not count, and the next prune removes it`;
    return [{ code: "backup-unfinished", severity: "warning", backup, message }];
  }
  const folder = backupFolder(repository.deployment, backup);
  const known = new Set([MANIFEST, MANIFEST_DIGEST, HOLD, ...filesOf(entry.manifest).map(({ name }) => name)]);
  return entry.objects
    .map(({ key }) => key.slice(folder.length))
    .filter((name) => !known.has(name) && !name.startsWith(VERIFICATIONS))
    .map((name) => ({ code: "orphan", severity: "warning", backup, message: `${name} is in no manifest` }));
}

async function readFiles(
  { store, deployment }: Repository,
  { id, manifest }: CompleteBackup,
  before: number,
  { throttle, signal, onProgress }: CheckOptions,
): Promise<{ readonly findings: RepositoryFinding[]; readonly bytes: number }> {
  const findings: RepositoryFinding[] = [];
  let bytes = before;
  for (const file of filesOf(manifest)) {
    const begun = bytes;
    try {
      await verifyStored(store, backupFolder(deployment, id), file, {
        ...(throttle ? { throttle } : {}),
        ...(signal ? { signal } : {}),
        onProgress: ({ stored }) => onProgress?.(begun + stored, file.name),
      });
    } catch (error) {
      if (!(error instanceof RedishaError) || signal?.aborted) throw error;
      const code = error.code === "BACKUP_DAMAGED" ? "object-damaged" : "object-unread";
      findings.push({ code, severity: "error", backup: id, message: error.message });
    }
    bytes += file.size_stored;
  }
  return { findings, bytes };
}
