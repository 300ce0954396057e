import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatDuration } from "../../core/units.ts";
import { type CatalogEntry, readCatalog } from "../../repository/catalog.ts";
import { repositoryOf } from "../backup/repository.ts";
import { defineAction } from "../define.ts";

/** Looks for a backup that would help if the worst came of what follows. */
export const guardBackup = defineAction({
  name: "guard.backup",
  summary: "Fails unless the repository holds a verified backup no older than backup.check.max_age of redisha.yaml",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({
    declared: z.boolean().describe("redisha.yaml names a repository; without one there is only a warning"),
    id: z.string().nullable().describe("Newest backup that was verified"),
    age_s: z.number().nullable(),
  }),
  example: `- id: backed_up
  action: guard.backup
  with: {}`,
  commands: () => [{ transport: "controller", text: "look for a recent, verified backup in the repository" }],
  async run(_input, context) {
    const { deployment, signal } = context;
    const { backup } = deployment;
    if (!backup) {
      const message = "redisha.yaml names no repository for backups: whether there is one is not known";
      context.emit({ type: "warning", message });
      return { outputs: { declared: false, id: null, age_s: null }, changed: false };
    }
    const { backups, storeNowMs } = await readCatalog(await repositoryOf(context), signal);
    const newest = newestVerified(backups);
    const ageMs = newest && storeNowMs - newest.madeMs;
    const limit = backup.check.maxAgeMs;
    if (newest && ageMs !== undefined && ageMs <= limit) {
      return { outputs: { declared: true, id: newest.id, age_s: Math.round(ageMs / 1_000) }, changed: false };
    }
    const found =
      newest && ageMs !== undefined ? `the newest, ${newest.id}, is ${formatDuration(ageMs)} old` : "there is none";
    throw new RedishaError({
      code: "NO_RECENT_BACKUP",
      message: `There is no verified backup of the last ${formatDuration(limit)}: ${found}.`,
      exit: EXIT.gateRefused,
      state: "nothing was touched",
      next: ["make one: redisha backup", "pass over it: --waive backup"],
    });
  },
});

/** One counts as verified where the last look at it found nothing wrong. */
function newestVerified(backups: readonly CatalogEntry[]): { id: string; madeMs: number } | undefined {
  return backups
    .filter((entry) => entry.state === "complete")
    .filter(({ verifications }) => verifications.at(-1)?.ok === true)
    .map(({ id, manifest }) => ({ id, madeMs: Date.parse(manifest.finished) }))
    .sort((a, b) => b.madeMs - a.madeMs)[0];
}
