import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Catalog, CatalogEntry } from "./catalog.ts";
import { backupFolder, MANIFEST } from "./layout.ts";
import type { Repository } from "./repository.ts";

/**
 * Deletes a backup: the manifest first, after which it does not count, then what belongs to it. Ended in between, the rest
 * is an unfinished backup, and deleted as one. The caller holds the exclusive lock. Fails with BACKUP_NOT_FOUND, BACKUP_HELD,
 * or BACKUP_NEEDED where another cannot be restored without it. Returns the bytes that are free now.
 */
export async function deleteBackup(repository: Repository, catalog: Catalog, id: string): Promise<number> {
  const entry = catalog.backups.find((each) => each.id === id);
  if (!entry) throw notFound(repository, id);
  if (entry.state !== "unfinished" && entry.hold) throw held(id, entry.hold.reason);
  const needing = catalog.backups.find((each) => each.state === "complete" && each.manifest.needs.includes(id));
  if (needing && entry.state === "complete") throw needed(id, needing.id);
  return await removeFolder(repository, entry);
}

export interface Cleaned {
  readonly id: string;
  readonly bytes: number;
}

/**
 * Removes what dead runs left: unfinished backups that nobody is making, and uploads that were cut off. Those of runs that
 * hold a lock are left alone; whoever has lost his and did not notice finds at the commit that something is missing. The
 * caller holds a lock of its own.
 */
export async function cleanUnfinished(repository: Repository, catalog: Catalog): Promise<readonly Cleaned[]> {
  const cleaned: Cleaned[] = [];
  const running = new Set<string>();
  for (const entry of catalog.backups) {
    if (entry.state !== "unfinished") continue;
    if (entry.running) running.add(entry.id);
    else cleaned.push({ id: entry.id, bytes: await removeFolder(repository, entry) });
  }
  const folder = backupFolder(repository.deployment, "").slice(0, -1);
  for await (const leftover of repository.store.leftovers(folder)) {
    const id = leftover.key.slice(folder.length).split("/")[0] ?? "";
    if (!running.has(id)) {
      await repository.store.discard(leftover);
      if (!cleaned.some((each) => each.id === id)) cleaned.push({ id, bytes: 0 });
    }
  }
  return cleaned;
}

/**
 * Removes all that a run stored, and what it was storing when it ended, unless its manifest is there: then it is a backup.
 * For the run itself, and for who knows that it is gone. Returns how many objects there were.
 */
export async function discardUnfinished({ store, deployment }: Repository, id: string): Promise<number> {
  const folder = backupFolder(deployment, id);
  if (await store.stat(`${folder}${MANIFEST}`)) return 0;
  let removed = 0;
  for await (const { key } of store.list(folder)) {
    await store.delete(key);
    removed += 1;
  }
  for await (const leftover of store.leftovers(folder)) await store.discard(leftover);
  return removed;
}

async function removeFolder({ store, deployment }: Repository, { id, objects }: CatalogEntry): Promise<number> {
  const manifest = `${backupFolder(deployment, id)}${MANIFEST}`;
  await store.delete(manifest);
  let bytes = 0;
  for (const { key, size } of objects) {
    if (key !== manifest) await store.delete(key);
    bytes += size;
  }
  return bytes;
}

function notFound({ store, deployment }: Repository, id: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_NOT_FOUND",
    message: `There is no backup ${id} of ${deployment} in ${store.shown}.`,
    exit: EXIT.usage,
    state: "nothing was deleted",
    next: ["redisha backup list"],
  });
}

function held(id: string, reason: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_HELD",
    message: `The backup ${id} is held: ${reason}.`,
    exit: EXIT.gateRefused,
    state: "nothing was deleted",
    next: [`redisha backup hold ${id} --release`],
  });
}

function needed(id: string, by: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_NEEDED",
    message: `The backup ${by} cannot be restored without ${id}.`,
    exit: EXIT.gateRefused,
    state: "nothing was deleted",
    next: [`delete ${by} first`],
  });
}
