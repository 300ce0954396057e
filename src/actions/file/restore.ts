import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";

/** Puts the kept `$2` back as `$1`, with owner and mode; without one, there was no file, and it goes. */
const RESTORE = `
set -e
if [ -z "$2" ]; then rm -f -- "$1"; exit 0; fi
part=$(dirname -- "$1")/.redisha-restore.$$
cp -p -- "$2" "$part"
sync -- "$part" 2>/dev/null || sync
mv -f -- "$part" "$1"
`;

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
  commands: ({ path, kept }) => [
    { transport: "script", text: kept === null ? `rm -f ${path}` : `cp -p ${kept} ${path}` },
  ],
  onHost: ({ path, kept }) => [
    { kind: "script", script: RESTORE, args: [path, kept ?? ""], env: {}, become: true, okCodes: [0] },
  ],
  async run({ path, kept }, context) {
    const shell = await context.shell(hostOf(context));
    const { code, stderr } = await shell.script(RESTORE, [path, kept ?? ""], { become: true, signal: context.signal });
    if (code === 0) return { outputs: {}, changed: true };
    throw new RedishaError({
      code: "FILE_NOT_RESTORED",
      message: `${path} on ${shell.host} could not be put back: ${stderr.trim().split("\n").at(-1)}`,
      host: shell.host,
      state: kept === null ? "the file is still there" : `what it was is kept in ${kept} on the host`,
    });
  },
});
