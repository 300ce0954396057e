import { z } from "zod";
import { discardUnfinished } from "../../repository/delete-backup.ts";
import { defineAction } from "../define.ts";
import { repositoryOf } from "./repository.ts";
import { stopAhead } from "./store-ahead.ts";

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
    await stopAhead(context.life);
    const removed = await discardUnfinished(await repositoryOf(context), context.life.id);
    return { outputs: { removed }, changed: removed > 0 };
  },
  repeatable: true,
});
