import { z } from "zod";
import { formatDuration } from "../../core/units.ts";
import { fail, known, onDeployment, pass, warn } from "../findings.ts";
import { duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const backupRecent = defineCheck({
  id: "backup-recent",
  title: "There is a backup, young and proven",
  why: "Replicas copy a FLUSHALL within a millisecond. Only a backup brings data back, and one that was never loaded may be none.",
  how: "The manifests in the repository, by the limits of backup.check in redisha.yaml, and when one was last verified. No payload is read.",
  mend: ["redisha backup", "redisha backup verify", "redisha backup schedule"],
  documentation: "docs/guide/backup.md",
  reads: ["backups"],
  limits: z.strictObject({ verified_within: duration("7d", "Age of the newest verified backup at most") }),
  wanted: ({ verified_within }) =>
    `as backup.check says, and one verified that is no older than ${formatDuration(verified_within)}`,
  judge: (facts, { verified_within }) =>
    onDeployment(facts, () => {
      const backups = known(facts.backups, "the repository was not looked at");
      if (!backups.declared) return fail("redisha.yaml names no repository for backups");
      const newest = backups.why === null ? backups.newest : known(null, backups.why);
      const said = backups.findings.map(({ message }) => message).join("; ");
      if (backups.findings.some(({ severity }) => severity === "error")) return fail(said);
      if (!newest || !backups.verified) return fail("no backup was ever verified");
      const { age_s } = backups.verified;
      const measured = `newest ${formatDuration(newest.age_s * 1_000)} old, verified one ${formatDuration(age_s * 1_000)}`;
      if (age_s * 1_000 > verified_within) return fail(measured);
      return said === "" ? pass(measured) : warn(said);
    }),
});
