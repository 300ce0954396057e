import { z } from "zod";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { RESTORE, restoreCommands, restoreFile } from "./host-file.ts";

/** Takes back what file.put did. */
export const fileRestore = defineAction({
  name: "file.restore",
  summary: "Puts back on each targeted host what file.put replaced, or takes away what it created",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    path: z.string().regex(/^\//, "an absolute path"),
    kept: z.string().nullable().describe("The copy that file.put kept; null where there was no file"),
  }),
  output: z.strictObject({}),
  example: `- id: put_back
  action: file.restore
  targets: { role: data }
  with: { path: /etc/sysctl.d/60-redisha.conf, kept: null }
  undo: none`,
  commands: (file) => restoreCommands([file]),
  onHost: ({ path, kept }) => [
    { kind: "script", script: RESTORE, args: [path, kept ?? "", ""], env: {}, become: true, okCodes: [0] },
  ],
  async run({ path, kept }, context) {
    await restoreFile(await context.shell(hostOf(context)), { path, kept }, context.signal);
    return { outputs: {}, changed: true };
  },
});
