import { planPrune, prune } from "../../backup/prune.ts";
import type { Deployment } from "../../inventory/model.ts";
import { holdBackup, releaseBackup } from "../../repository/hold.ts";
import { operator } from "../operator.ts";
import { findBackup } from "./list-backups.ts";
import { withRepository } from "./with-repository.ts";

export interface HoldResult {
  readonly id: string;
  readonly held: boolean;
  readonly reason: string | null;
}

/** Keeps a backup from expiring for the reason given, or lets go of it where there is none. */
export function holdOrRelease(
  deployment: Deployment,
  id: string,
  reason: string | undefined,
  signal: AbortSignal,
): Promise<HoldResult> {
  return withRepository(deployment, signal, async (repository) => {
    const backup = await findBackup(repository, id, signal);
    if (reason === undefined) await releaseBackup(repository, backup.id);
    else {
      const { user } = operator();
      await holdBackup(repository, backup.id, { reason, by: user, at: new Date().toISOString() });
    }
    return { id: backup.id, held: reason !== undefined, reason: reason ?? null };
  });
}

export interface PruneResult {
  readonly deployment: string;
  readonly timezone: string;
  readonly dry_run: boolean;
  /** Newest first. */
  readonly decisions: readonly {
    readonly id: string;
    readonly keep: boolean;
    readonly bytes: number;
    readonly reasons: readonly string[];
  }[];
  readonly deleted: readonly string[];
  /** Backups that were never finished and whose remains were removed. */
  readonly cleaned: readonly string[];
  readonly warnings: readonly string[];
}

/** What would expire, and why everything else stays. Changes nothing. */
export function lookAtPrune(deployment: Deployment, signal: AbortSignal): Promise<PruneResult> {
  return withRepository(deployment, signal, async (repository, policy) => {
    const plan = await planPrune(repository, policy, signal);
    return { ...resultOf(deployment, plan), dry_run: true, deleted: [], cleaned: [] };
  });
}

/** Deletes what no rule keeps and what dead runs left. Fails with REPOSITORY_LOCKED while somebody makes or reads a backup. */
export function pruneBackups(deployment: Deployment, signal: AbortSignal): Promise<PruneResult> {
  return withRepository(deployment, signal, async (repository, policy) => {
    const { plan, deleted, cleaned } = await prune(repository, policy, signal);
    return {
      ...resultOf(deployment, plan),
      dry_run: false,
      deleted: deleted.map(({ id }) => id),
      cleaned: cleaned.map(({ id }) => id),
    };
  });
}

function resultOf({ name }: Deployment, plan: Awaited<ReturnType<typeof planPrune>>) {
  return {
    deployment: name,
    timezone: plan.timezone,
    decisions: plan.decisions.map(({ id, keep, bytes, reasons }) => ({
      id,
      keep,
      bytes,
      reasons: reasons.map(({ text }) => text),
    })),
    warnings: plan.warnings,
  };
}
