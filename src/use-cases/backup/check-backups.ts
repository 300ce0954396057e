import { renderHealthMetrics } from "../../backup/metrics.ts";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { ownVersion } from "../../core/own-version.ts";
import type { BackupCheckPolicy, Deployment } from "../../inventory/model.ts";
import { readCatalog } from "../../repository/catalog.ts";
import { type BackupFinding, judgeBackups, judged } from "../../repository/judge-backups.ts";
import { readFollowed } from "../../repository/read-chains.ts";
import { followedHealth } from "../../restore/followed-health.ts";
import { replaceText } from "./textfile.ts";
import { withRepository } from "./with-repository.ts";

export interface BackupCheckResult {
  readonly deployment: string;
  readonly repository: string;
  readonly backups: number;
  readonly newest: { readonly id: string; readonly finished: string; readonly size_raw: number } | null;
  /** The newest stretch of moments that what is followed can be restored to. */
  readonly followed: { readonly from: string; readonly to: string } | null;
  /** Worst first; empty where all is well. */
  readonly findings: readonly BackupFinding[];
  readonly exit: ExitCode;
}

/** What a check complains of, where that is not as redisha.yaml says. */
export type CheckLimits = Partial<BackupCheckPolicy>;

/** Whether the backups of a deployment are as they should be: for monitoring. Reads no payload. */
export function checkBackups(
  deployment: Deployment,
  limits: CheckLimits,
  { signal, textfile }: { readonly signal: AbortSignal; readonly textfile?: string | undefined },
): Promise<BackupCheckResult> {
  return withRepository(deployment, signal, async (repository, policy) => {
    const catalog = await readCatalog(repository, signal);
    const { backups, damaged } = judged(catalog);
    const followed = followedHealth(await readFollowed(repository.store, deployment.name, signal));
    const findings = judgeBackups({
      backups,
      damaged,
      ...(followed ? { followed } : {}),
      check: { ...policy.check, ...limits },
      minimumRedundancy: policy.minimumRedundancy,
      nowMs: Date.now(),
    });
    const newest = [...backups].sort((a, b) => b.finishedMs - a.finishedMs)[0];
    const exit = exitOf(findings);
    if (textfile !== undefined) {
      const verified = backups.flatMap(({ verified }) => (verified?.ok ? [verified.atMs] : []));
      const text = renderHealthMetrics({
        deployment: deployment.name,
        redishaVersion: ownVersion(),
        atMs: Date.now(),
        exit,
        backups: countBy(catalog.backups.map(({ state }) => state)),
        bytes: catalog.backups.reduce((sum, { bytes }) => sum + bytes, 0),
        newestMs: newest?.finishedMs ?? null,
        verifiedMs: verified.length === 0 ? null : Math.max(...verified),
        followed: followed?.window ?? null,
        findings: countBy(findings.map(({ code }) => code)),
      });
      await replaceText(textfile, text);
    }
    return {
      deployment: deployment.name,
      repository: repository.store.shown,
      backups: backups.length,
      newest: newest
        ? { id: newest.id, finished: new Date(newest.finishedMs).toISOString(), size_raw: newest.size }
        : null,
      followed: followed?.window ? { from: isoOf(followed.window.from), to: isoOf(followed.window.to) } : null,
      findings,
      exit,
    };
  });
}

const isoOf = (seconds: number) => new Date(seconds * 1_000).toISOString();

/** Damage is told from what is merely late: the one needs another backup, the other a look at cron. */
function exitOf(findings: readonly BackupFinding[]): ExitCode {
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.some(({ code }) => code === "damaged" || code === "verification-failed")) return EXIT.verificationFailed;
  if (errors.length > 0) return EXIT.gateRefused;
  return findings.length > 0 ? EXIT.warnings : EXIT.done;
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
