import { z } from "zod";
import { defineAction } from "../define.ts";
import { repositoryOf, stopWriting } from "./repository.ts";

/** Deletes what the rules of redisha.yaml do not keep. */
export const backupExpire = defineAction({
  name: "backup.expire",
  summary: "Deletes the backups that no rule of redisha.yaml keeps, and what dead runs left in the repository",
  scope: "controller",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({
    deleted: z.array(z.string()).describe("Ids of backups"),
    cleaned: z.array(z.string()).describe("Ids of backups that were never finished"),
    kept: z.int(),
  }),
  example: `- id: expire
  action: backup.expire
  with: {}
  undo: none
  on_failure: continue`,
  commands: () => [
    { transport: "controller", text: "delete what no rule keeps: redisha backup prune --dry-run tells why" },
  ],
  async run(_input, context) {
    const repository = await repositoryOf(context);
    // Whoever deletes is alone; the backup of this run is made.
    await stopWriting(context);
    const { prune } = await import("../../backup/prune.ts");
    const { deleted, cleaned, plan } = await prune(repository, repository.policy, context.signal);
    const outputs = {
      deleted: deleted.map(({ id }) => id),
      cleaned: cleaned.map(({ id }) => id),
      kept: plan.decisions.filter(({ keep }) => keep).length,
    };
    return { outputs, changed: deleted.length + cleaned.length > 0 };
  },
  repeatable: true,
});
