import { z } from "zod";
import { backupFolder, MANIFEST } from "../../repository/layout.ts";
import { defineAction } from "../define.ts";
import { repositoryOf } from "./repository.ts";

/** Removes what a run stored, unless it became a backup. */
export const backupDiscard = defineAction({
  name: "backup.discard",
  summary: "Removes what this run has stored so far, unless its manifest is there: then it is a backup and stays",
  scope: "any",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({ removed: z.int() }),
  example: `- id: discard
  action: backup.discard
  with: {}
  undo: none`,
  commands: () => [{ transport: "controller", text: "remove from the repository what this run stored" }],
  async run(_input, context) {
    const { store } = await repositoryOf(context);
    const folder = backupFolder(context.deployment.name, context.life.id);
    if (await store.stat(`${folder}${MANIFEST}`)) return { outputs: { removed: 0 }, changed: false };
    let removed = 0;
    for await (const { key } of store.list(folder)) {
      await store.delete(key);
      removed += 1;
    }
    for await (const leftover of store.leftovers(folder)) await store.discard(leftover);
    return { outputs: { removed }, changed: removed > 0 };
  },
  repeatable: true,
});
