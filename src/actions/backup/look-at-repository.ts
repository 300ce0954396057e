import { z } from "zod";
import { readRecipients } from "../../repository/age/recipients.ts";
import { defineAction } from "../define.ts";
import { repositoryOf } from "./repository.ts";

/** A repository that cannot be reached is found before a server is asked to save. */
export const backupRepository = defineAction({
  name: "backup.repository",
  summary: "Makes sure that the repository of redisha.yaml can be reached and that its recipients can be read",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({ place: z.string(), encrypted: z.boolean(), new: z.boolean() }),
  example: `- id: repository
  action: backup.repository
  with: {}`,
  commands: () => [],
  async run(_input, context) {
    const { store, id, policy } = await repositoryOf(context);
    const recipients = await readRecipients(policy.encryptTo);
    return {
      outputs: { place: store.shown, encrypted: recipients !== undefined, new: id === undefined },
      changed: false,
    };
  },
});
