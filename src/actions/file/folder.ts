import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";

/** Says `made` where `$1` was not there. */
const MAKE = `[ -d "$1" ] || { mkdir -p -m 755 -- "$1" && echo made; }`;

/** Makes the folder that a file is to be put in. */
export const fileFolder = defineAction({
  name: "file.folder",
  summary: "Makes a folder on each targeted host, of root's, where there is none",
  scope: "host",
  effect: "change",
  input: z.strictObject({ path: z.string().regex(/^\//, "an absolute path") }),
  output: z.strictObject({ path: z.string() }),
  example: `- id: folder
  action: file.folder
  targets: { role: data }
  with: { path: /etc/systemd/system/redis-server.service.d }
  undo: none`,
  repeatable: true,
  commands: ({ path }) => [{ transport: "exec", text: `mkdir -p ${path}` }],
  async run({ path }, context) {
    const shell = await context.shell(hostOf(context));
    const { code, stdout, stderr } = await shell.script(MAKE, [path], { become: true, signal: context.signal });
    if (code === 0) return { outputs: { path }, changed: stdout.trim() === "made" };
    throw new RedishaError({
      code: "FOLDER_NOT_MADE",
      message: `${path} cannot be made on ${shell.host}: ${stderr.trim().split("\n").at(-1)}`,
      host: shell.host,
      state: "nothing was changed by this step",
    });
  },
});
