import { formatBytes, formatDuration } from "../core/units.ts";
import type { BackupCheckPolicy } from "../inventory/model.ts";
import type { Catalog, CompleteBackup } from "./catalog.ts";
import { filesOf, type Manifest } from "./manifest.ts";

/** What monitoring wants to know of a complete backup. */
export interface JudgedBackup {
  readonly id: string;
  readonly finishedMs: number;
  /** Bytes of all its files in their plain form. */
  readonly size: number;
  /** When it was last looked at, and what was found; undefined where nobody looked. */
  readonly verified?: { readonly atMs: number; readonly ok: boolean };
}

export interface BackupFinding {
  readonly code:
    | "no-backup"
    | "too-old"
    | "in-the-future"
    | "too-small"
    | "shrinking"
    | "verification-failed"
    | "unverified"
    | "damaged"
    | "below-redundancy"
    | "follow-behind";
  readonly severity: "error" | "warning";
  readonly message: string;
  /** The backup it is about, where it is about one. */
  readonly backup?: string;
}

/** The same of what is followed. */
export interface JudgedFollowed {
  /** The newest moment that can be restored; null where there is none. */
  readonly reachesMs: number | null;
  readonly problems: readonly string[];
  /** Where the last look found that it is not what was stored. */
  readonly failed: readonly string[];
}

export interface JudgeInput {
  /** Complete ones, in any order. */
  readonly backups: readonly JudgedBackup[];
  /** Ids of those that were complete and are not whole any more. */
  readonly damaged: readonly string[];
  /** Left out where nothing is followed. */
  readonly followed?: JudgedFollowed;
  readonly check: BackupCheckPolicy;
  readonly minimumRedundancy: number;
  readonly nowMs: number;
}

/** The clocks of two machines differ by a little. */
const FUTURE_MS = 5 * 60_000;

/** Whether the backups are as they should be: what is not, worst first. Nothing found: all is well. Pure. */
export function judgeBackups(input: JudgeInput): readonly BackupFinding[] {
  const { damaged, followed, check, minimumRedundancy, nowMs } = input;
  const newestFirst = [...input.backups].sort((a, b) => b.finishedMs - a.finishedMs);
  const [newest, before] = newestFirst;
  const findings: BackupFinding[] = damaged.map((backup) => ({
    code: "damaged",
    severity: "error",
    backup,
    message: `the backup ${backup} is not whole any more`,
  }));
  if (followed) findings.push(...followingOf(followed, check, nowMs));
  if (!newest) {
    findings.push({ code: "no-backup", severity: "error", message: "there is no complete backup" });
    return findings;
  }
  findings.push(
    ...ageOf(newest, check, nowMs),
    ...sizeOf(newest, before, check),
    ...verificationOf(newest, newestFirst, check, nowMs),
  );
  if (newestFirst.length < minimumRedundancy) {
    const message = `there are ${newestFirst.length} complete backups, and ${minimumRedundancy} should always be there`;
    findings.push({ code: "below-redundancy", severity: "warning", message });
  }
  return findings.sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
}

function followingOf(
  { reachesMs, problems, failed }: JudgedFollowed,
  { followedWithinMs }: BackupCheckPolicy,
  nowMs: number,
): BackupFinding[] {
  const severity = "error";
  const findings: BackupFinding[] = [
    ...problems.map(
      (message) => ({ code: "damaged" as const, severity, message: `what is followed: ${message}` }) as const,
    ),
    ...failed.map((place) => {
      const message = `the last verification of what is followed in ${place} failed`;
      return { code: "verification-failed", severity, message } as const;
    }),
  ];
  const age = reachesMs === null ? null : nowMs - reachesMs;
  if (age !== null && age <= followedWithinMs) return findings;
  const allowed = `${formatDuration(followedWithinMs)} is allowed`;
  const message =
    age === null
      ? "of what is followed nothing can be restored yet"
      : `what is followed ends ${formatDuration(age)} ago, and ${allowed}: does redisha backup follow run?`;
  return [...findings, { code: "follow-behind", severity, message }];
}

function ageOf({ id, finishedMs }: JudgedBackup, { maxAgeMs }: BackupCheckPolicy, nowMs: number): BackupFinding[] {
  const age = nowMs - finishedMs;
  if (age < -FUTURE_MS) {
    const message = `the newest backup finished ${formatDuration(-age)} in the future: one of the clocks is wrong`;
    return [{ code: "in-the-future", severity: "error", backup: id, message }];
  }
  if (age <= maxAgeMs) return [];
  const message = `the newest backup is ${formatDuration(age)} old; ${formatDuration(maxAgeMs)} is allowed`;
  return [{ code: "too-old", severity: "error", backup: id, message }];
}

function sizeOf(newest: JudgedBackup, before: JudgedBackup | undefined, check: BackupCheckPolicy): BackupFinding[] {
  const findings: BackupFinding[] = [];
  const { id: backup, size } = newest;
  if (check.minSize !== undefined && size < check.minSize) {
    const message = `the newest backup has ${formatBytes(size)}; ${formatBytes(check.minSize)} is the least expected`;
    findings.push({ code: "too-small", severity: "error", backup, message });
  }
  if (before && size < before.size * (1 - check.maxShrink / 100)) {
    const shrunk = Math.floor((1 - size / before.size) * 100);
    const message = `the newest backup has ${formatBytes(size)}, ${shrunk} % less than the one before (${formatBytes(before.size)})`;
    findings.push({ code: "shrinking", severity: "warning", backup, message });
  }
  return findings;
}

function verificationOf(
  { id, verified }: JudgedBackup,
  all: readonly JudgedBackup[],
  { verifiedWithinMs }: BackupCheckPolicy,
  nowMs: number,
): BackupFinding[] {
  if (verified && !verified.ok) {
    const message = `the last verification of the newest backup, ${id}, failed`;
    return [{ code: "verification-failed", severity: "error", backup: id, message }];
  }
  if (verifiedWithinMs === undefined) return [];
  const proved = all.filter((each) => each.verified?.ok && nowMs - each.verified.atMs <= verifiedWithinMs);
  if (proved.length > 0) return [];
  const message = `no backup was verified within ${formatDuration(verifiedWithinMs)}`;
  return [{ code: "unverified", severity: "warning", message }];
}

/** What `judgeBackups` wants to know, out of a catalog. */
export function judged(catalog: Catalog): Pick<JudgeInput, "backups" | "damaged"> {
  const complete = catalog.backups.filter((entry): entry is CompleteBackup => entry.state === "complete");
  return {
    damaged: catalog.backups.filter(({ state }) => state === "damaged").map(({ id }) => id),
    backups: complete.map(({ id, manifest, verifications }) => {
      const last = verifications.at(-1);
      return {
        id,
        finishedMs: Date.parse(manifest.finished),
        size: plainSize(manifest),
        ...(last ? { verified: { atMs: Date.parse(last.at), ok: last.ok } } : {}),
      };
    }),
  };
}

function plainSize(manifest: Manifest): number {
  return filesOf(manifest).reduce((sum, { size_raw }) => sum + size_raw, 0);
}
