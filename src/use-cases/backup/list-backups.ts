import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment } from "../../inventory/model.ts";
import { type CatalogEntry, type CompleteBackup, readCatalog } from "../../repository/catalog.ts";
import { filesOf, type Manifest } from "../../repository/manifest.ts";
import { readChains } from "../../repository/read-chains.ts";
import type { Repository } from "../../repository/repository.ts";
import { followedWindows } from "../../restore/followed-set.ts";
import { withRepository } from "./with-repository.ts";

/** A backup at a glance. What cannot be read of a damaged one is null. */
export interface BackupRow {
  readonly id: string;
  readonly state: "complete" | "unfinished" | "running" | "damaged";
  readonly started: string | null;
  readonly finished: string | null;
  readonly method: string | null;
  readonly consistency: string | null;
  readonly shards: number | null;
  readonly keys: number | null;
  /** Bytes in plain form, and in the repository. */
  readonly size_raw: number | null;
  readonly size_stored: number;
  readonly encrypted: boolean | null;
  readonly verified: { readonly level: string; readonly at: string; readonly ok: boolean } | null;
  /** The state that can be restored, from and to; null without timestamps. */
  readonly window: { readonly from: string; readonly to: string } | null;
  readonly held: string | null;
  readonly tags: readonly string[];
  readonly reason: string | null;
  readonly problems: readonly string[];
}

export interface BackupList {
  readonly deployment: string;
  readonly repository: string;
  /** Newest first. */
  readonly backups: readonly BackupRow[];
  /** What `restore --at` reaches by what `backup follow` stored, the oldest first. */
  readonly followed: readonly { readonly from: string; readonly to: string }[];
}

/** What lies in the repository of a deployment. Reads no payload. */
export function listBackups(deployment: Deployment, signal: AbortSignal): Promise<BackupList> {
  return withRepository(deployment, signal, async (repository) => {
    const { backups } = await readCatalog(repository, signal);
    const chains = await readChains(repository.store, deployment.name, signal);
    return {
      deployment: deployment.name,
      repository: repository.store.shown,
      backups: backups.map(rowOf).reverse(),
      followed: followedWindows(chains).map(({ from, to }) => ({ from: isoOf(from), to: isoOf(to) })),
    };
  });
}

const isoOf = (seconds: number) => new Date(seconds * 1_000).toISOString();

function rowOf(entry: CatalogEntry): BackupRow {
  const manifest = "manifest" in entry ? entry.manifest : undefined;
  const last = entry.state === "complete" ? entry.verifications.at(-1) : undefined;
  return {
    id: entry.id,
    state: entry.state === "unfinished" && entry.running ? "running" : entry.state,
    ...factsOf(manifest),
    size_stored: entry.bytes,
    verified: last ? { level: last.level, at: last.at, ok: last.ok } : null,
    held: "hold" in entry && entry.hold ? entry.hold.reason : null,
    problems: entry.state === "damaged" ? entry.problems : [],
  };
}

function factsOf(
  manifest: Manifest | undefined,
): Omit<BackupRow, "id" | "state" | "size_stored" | "verified" | "held" | "problems"> {
  const files = manifest ? filesOf(manifest) : [];
  return {
    started: manifest?.started ?? null,
    finished: manifest?.finished ?? null,
    method: manifest?.method ?? null,
    consistency: manifest?.consistency.mode ?? null,
    shards: manifest?.shards.length ?? null,
    keys: manifest ? keysOf(manifest) : null,
    size_raw: manifest ? files.reduce((sum, file) => sum + file.size_raw, 0) : null,
    encrypted: manifest ? files.every(({ encryption }) => encryption === "age") : null,
    window: manifest ? windowOf(manifest) : null,
    tags: manifest?.tags ?? [],
    reason: manifest?.reason ?? null,
  };
}

/** Keys of all shards together; null where one does not know. */
function keysOf({ shards }: Pick<Manifest, "shards">): number | null {
  const counts = shards.map(({ keys }) => keys?.read);
  if (counts.some((count) => count === undefined)) return null;
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

/** What all shards can be brought back to: from the newest base to the earliest second that is known to be over. */
function windowOf({ shards }: Manifest): BackupRow["window"] {
  const from = shards.flatMap(({ aof }) => (aof?.first_annotation ? Date.parse(aof.base_created) : []));
  const to = shards.flatMap(({ aof }) => (aof?.last_annotation ? Date.parse(aof.last_annotation) - 1_000 : []));
  const [start, end] = [Math.max(...from), Math.min(...to)];
  if (from.length < shards.length || to.length < shards.length || end < start) return null;
  return { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
}

/** One backup in full. */
export interface BackupDetail {
  readonly row: BackupRow;
  readonly manifest: Manifest;
  readonly verifications: CompleteBackup["verifications"];
  readonly folder: string;
}

/** The backup of an id, or the newest. Fails with BACKUP_NOT_FOUND, BACKUP_DAMAGED. */
export function showBackup(deployment: Deployment, id: string | undefined, signal: AbortSignal): Promise<BackupDetail> {
  return withRepository(deployment, signal, async (repository) => {
    const entry = await findBackup(repository, id, signal);
    return {
      row: rowOf(entry),
      manifest: entry.manifest,
      verifications: entry.verifications,
      folder: `${repository.store.shown}/${repository.deployment}/backups/${entry.id}`,
    };
  });
}

/** A complete backup. `last` and undefined mean the newest; a unique beginning of an id is enough. */
export async function findBackup(
  repository: Repository,
  id: string | undefined,
  signal: AbortSignal,
): Promise<CompleteBackup> {
  const { backups } = await readCatalog(repository, signal);
  const newest = id === undefined || id === "last";
  const meant = newest
    ? backups.filter(({ state }) => state === "complete").slice(-1)
    : backups.filter((each) => each.id.startsWith(id));
  const [entry, another] = meant;
  if (!entry || another) throw notFound(repository, id, meant.length);
  if (entry.state === "complete") return entry;
  throw new RedishaError({
    code: entry.state === "damaged" ? "BACKUP_DAMAGED" : "BACKUP_UNFINISHED",
    message:
      entry.state === "damaged"
        ? `The backup ${entry.id} is not whole any more: ${entry.problems.join("; ")}.`
        : `The backup ${entry.id} was never finished.`,
    exit: entry.state === "damaged" ? EXIT.verificationFailed : EXIT.usage,
    state: "nothing was changed",
    next: ["redisha backup list"],
  });
}

function notFound({ store, deployment }: Repository, id: string | undefined, count: number): RedishaError {
  const which =
    id === undefined || id === "last"
      ? "no complete backup"
      : count > 1
        ? `more than one backup ${id}…`
        : `no backup ${id}`;
  return new RedishaError({
    code: "BACKUP_NOT_FOUND",
    message: `There is ${which} of ${deployment} in ${store.shown}.`,
    exit: EXIT.usage,
    state: "nothing was changed",
    next: ["redisha backup list"],
  });
}
