import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { backupFactsSchema } from "../../preflight/facts.ts";
import { readCatalog } from "../../repository/catalog.ts";
import { judgeBackups, judged } from "../../repository/judge-backups.ts";
import { readFollowed } from "../../repository/read-chains.ts";
import { followedHealth } from "../../restore/followed-health.ts";
import { repositoryOf } from "../backup/repository.ts";
import { defineAction } from "../define.ts";

/** Reads what checks want of the backups. A repository that cannot be read is a fact, and no failure. */
export const preflightBackups = defineAction({
  name: "preflight.backups",
  summary: "Reads from the repository how old the newest backup and the newest verified one are",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: backupFactsSchema,
  example: `- id: backups
  action: preflight.backups
  with: {}`,
  commands: () => [{ transport: "controller", text: "read the manifests in the repository" }],
  async run(_input, context) {
    const { backup } = context.deployment;
    const none = { newest: null, verified: null, findings: [] };
    if (!backup) return { outputs: { declared: false, why: null, ...none }, changed: false };
    try {
      const repository = await repositoryOf(context);
      const catalog = await readCatalog(repository, context.signal);
      const followed = followedHealth(await readFollowed(repository.store, repository.deployment, context.signal));
      const { backups, damaged } = judged(catalog);
      const nowMs = catalog.storeNowMs;
      const { check, minimumRedundancy } = backup;
      const age = (ms: number) => Math.round((nowMs - ms) / 1_000);
      const newestFirst = [...backups].sort((a, b) => b.finishedMs - a.finishedMs);
      const [newest] = newestFirst;
      const verified = newestFirst.find((each) => each.verified?.ok);
      const outputs = {
        declared: true,
        why: null,
        newest: newest ? { id: newest.id, age_s: age(newest.finishedMs) } : null,
        verified: verified ? { id: verified.id, age_s: age(verified.finishedMs) } : null,
        findings: judgeBackups({
          backups,
          damaged,
          ...(followed ? { followed } : {}),
          check,
          minimumRedundancy,
          nowMs,
        }).map(({ code, severity, message }) => ({ code, severity, message })),
      };
      return { outputs, changed: false };
    } catch (error) {
      context.signal.throwIfAborted();
      return { outputs: { declared: true, why: messageOf(error), ...none }, changed: false };
    }
  },
});
