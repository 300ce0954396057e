import { RedishaError } from "../../core/errors.ts";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { ownVersion } from "../../core/own-version.ts";
import type { Deployment } from "../../inventory/model.ts";
import { acquireLock } from "../../repository/acquire-lock.ts";
import { readIdentities } from "../../repository/age/identities.ts";
import { type CompleteBackup, readCatalog } from "../../repository/catalog.ts";
import { recordVerification } from "../../repository/commit.ts";
import { backupFolder } from "../../repository/layout.ts";
import { filesOf, type Verification } from "../../repository/manifest.ts";
import { verifyStored } from "../../repository/pipeline/unpack-file.ts";
import type { Repository } from "../../repository/repository.ts";
import { damageOf } from "./damage.ts";
import { findBackup } from "./list-backups.ts";
import { type Look, lookInside, type Verified } from "./look-inside.ts";
import { verifyFollowed } from "./verify-followed.ts";
import { withRepository } from "./with-repository.ts";

export interface VerifyRequest {
  /** `stored`: every byte of the repository. `rdb`: the plain snapshots too. `restore`: loaded into a server, keys counted. */
  readonly level: Verification["level"];
  /** Ids of backups; undefined for the newest and what is followed since, `all` for every complete one and all that is followed. */
  readonly ids: readonly string[] | "all" | undefined;
  /** Files of keys beside those of redisha.yaml. */
  readonly identities: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface VerifyBackupsResult {
  readonly deployment: string;
  readonly repository: string;
  readonly level: Verification["level"];
  readonly backups: readonly Verified[];
  /** What was followed, by shard; empty where nothing is, and where backups were named. */
  readonly followed: readonly Verified[];
  readonly exit: ExitCode;
}

/**
 * Looks at backups and writes down beside them what was found. Damage is a result, with exit code 10; that nothing could be
 * looked at (no key, no program, no room) fails, and says nothing of the backup.
 */
export function verifyBackups(deployment: Deployment, request: VerifyRequest): Promise<VerifyBackupsResult> {
  const { level, ids, signal } = request;
  return withRepository(deployment, signal, async (repository, policy) => {
    const identities =
      level === "stored" ? undefined : await readIdentities([...policy.identities, ...request.identities]);
    const look: Look = { deployment, repository, level, identities, signal, progress: request.progress };
    const followed =
      ids === undefined || ids === "all" ? await verifyFollowed(look, ids === "all" ? "all" : "newest") : [];
    const chosen = await choose(repository, ids, signal).catch((error: unknown) => {
      // Somebody may follow, and make no backups.
      if (followed.length > 0 && error instanceof RedishaError && error.code === "BACKUP_NOT_FOUND") return [];
      throw error;
    });
    const lock =
      chosen.length === 0 ? undefined : await acquireLock(repository, { kind: "shared", purpose: "verify", signal });
    const backups: Verified[] = [];
    try {
      for (const backup of chosen) backups.push(await verifyOne(backup, look));
    } finally {
      await lock?.release();
    }
    const exit = [...backups, ...followed].every(({ ok }) => ok) ? EXIT.done : EXIT.verificationFailed;
    return { deployment: deployment.name, repository: repository.store.shown, level, backups, followed, exit };
  });
}

async function choose(
  repository: Repository,
  ids: VerifyRequest["ids"],
  signal: AbortSignal,
): Promise<CompleteBackup[]> {
  if (ids === "all") {
    const { backups } = await readCatalog(repository, signal);
    return backups.filter((entry): entry is CompleteBackup => entry.state === "complete");
  }
  const chosen: CompleteBackup[] = [];
  for (const id of ids ?? ["last"]) chosen.push(await findBackup(repository, id, signal));
  return chosen;
}

async function verifyOne(backup: CompleteBackup, look: Look): Promise<Verified> {
  const { repository, level, signal } = look;
  const started = performance.now();
  const files = filesOf(backup.manifest);
  const problems: string[] = [];
  // At the higher levels snapshots are read once, and held against the digests of the manifest on the way.
  const inside = level === "stored" ? undefined : await lookInside(backup.manifest, look);
  const read = new Set(inside?.read ?? []);
  for (const file of files.filter(({ name }) => !read.has(name))) {
    look.progress(`${backup.id}: ${file.name}`);
    try {
      await verifyStored(repository.store, backupFolder(repository.deployment, backup.id), file, { signal });
    } catch (error) {
      problems.push(damageOf(error, signal));
    }
  }
  problems.push(...(inside?.problems ?? []));
  const result: Verified = {
    id: backup.id,
    ok: problems.length === 0,
    files: files.length,
    bytes: files.reduce((sum, { size_stored }) => sum + size_stored, 0),
    keys: inside?.keys ?? null,
    checked_by: inside?.program ?? null,
    duration_ms: Math.round(performance.now() - started),
    problems,
  };
  await recordVerification(repository, backup.id, {
    level,
    at: new Date().toISOString(),
    ok: result.ok,
    redisha_version: ownVersion(),
    ...(inside?.program ? { server_version: inside.program } : {}),
    duration_ms: result.duration_ms,
    problems,
  });
  return result;
}
