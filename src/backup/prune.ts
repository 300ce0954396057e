import type { BackupPolicy } from "../inventory/model.ts";
import { acquireLock } from "../repository/acquire-lock.ts";
import { type Catalog, type CompleteBackup, isVerified, readCatalog } from "../repository/catalog.ts";
import { type Cleaned, cleanUnfinished, deleteBackup } from "../repository/delete-backup.ts";
import type { Repository } from "../repository/repository.ts";
import { decideRetention, type RetentionDecision } from "../repository/retention.ts";

/** What a look at all backups of a deployment says of each, and what is to go. */
export interface PrunePlan {
  readonly decisions: readonly (RetentionDecision & { readonly bytes: number })[];
  readonly warnings: readonly string[];
  readonly timezone: string;
  readonly catalog: Catalog;
}

/** What redisha.yaml says of how long backups stay. */
type Rules = Pick<BackupPolicy, "retention" | "minimumRedundancy" | "timezone">;

/** Reads the catalog and decides by the rules of redisha.yaml. Changes nothing. */
export async function planPrune(repository: Repository, policy: Rules, signal: AbortSignal): Promise<PrunePlan> {
  const catalog = await readCatalog(repository, signal);
  const complete = catalog.backups.filter((entry): entry is CompleteBackup => entry.state === "complete");
  const failed = whatFailed(catalog, complete);
  const { decisions, warnings, timezone } = decideRetention({
    backups: complete.map((entry) => ({
      id: entry.id,
      finishedMs: Date.parse(entry.manifest.finished),
      verified: isVerified(entry),
      needs: entry.manifest.needs,
      ...(entry.hold ? { held: entry.hold.reason } : {}),
    })),
    policy: policy.retention,
    minimumRedundancy: policy.minimumRedundancy,
    timezone: policy.timezone,
    nowMs: Date.now(),
    ...(failed ? { failed } : {}),
  });
  const bytes = new Map(complete.map((entry) => [entry.id, entry.bytes]));
  return {
    decisions: decisions.map((decision) => ({ ...decision, bytes: bytes.get(decision.id) ?? 0 })),
    warnings,
    timezone,
    catalog,
  };
}

/** An attempt that nobody goes on with, newer than any backup; or a newest backup that was looked at and found bad. */
function whatFailed(catalog: Catalog, complete: readonly CompleteBackup[]): "backup" | "verify" | undefined {
  const newest = complete.at(-1);
  const attempt = catalog.backups.findLast((entry) => entry.state !== "complete");
  if (attempt && attempt.id > (newest?.id ?? "") && !("running" in attempt && attempt.running)) return "backup";
  return newest && !isVerified(newest) && newest.verifications.length > 0 ? "verify" : undefined;
}

export interface Pruned {
  readonly deleted: readonly { readonly id: string; readonly bytes: number }[];
  readonly cleaned: readonly Cleaned[];
  readonly plan: PrunePlan;
}

/**
 * Deletes what no rule keeps, and what dead runs left, under the lock of those who delete. What is to go is decided under
 * that lock. Fails with REPOSITORY_LOCKED while a backup is made or verified.
 */
export async function prune(repository: Repository, policy: BackupPolicy, signal: AbortSignal): Promise<Pruned> {
  const lock = await acquireLock(repository, { kind: "exclusive", purpose: "prune", signal });
  const held = AbortSignal.any([signal, lock.lost]);
  try {
    const plan = await planPrune(repository, policy, held);
    const deleted: { id: string; bytes: number }[] = [];
    // Oldest first: cut off in between, the rules still hold for what is left.
    for (const { id, keep } of plan.decisions.toReversed()) {
      held.throwIfAborted();
      if (!keep) deleted.push({ id, bytes: await deleteBackup(repository, await readCatalog(repository, held), id) });
    }
    const cleaned = await cleanUnfinished(repository, await readCatalog(repository, held));
    return { deleted, cleaned, plan };
  } finally {
    await lock.release();
  }
}
