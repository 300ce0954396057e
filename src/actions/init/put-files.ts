import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { contentOf } from "../../init/desired.ts";
import { homeOf } from "../../init/homes.ts";
import { situationSchema } from "../../init/situation.ts";
import { defineAction } from "../define.ts";
import { keepFile, keptSchema, placeToKeep, restoreCommands, restoreFile } from "../file/host-file.ts";
import { instanceOf } from "../needs.ts";
import { rootOn } from "../service/shell.ts";
import { compareFiles } from "./comparison.ts";

/** Files that were replaced, and where each is kept. */
const filesSchema = z.object({ files: z.array(keptSchema) });

/** `$1` user, then folders that it keeps things in and writes to. The first one is that of its file, which it rewrites. */
const FOLDERS = `
set -e
user=$1 conf=$2
shift 2
for d in "$@"; do [ -d "$d" ] || install -d -o "$user" -g "$user" -m 0750 -- "$d"; done
[ -d "$conf" ] || install -d -o "$user" -g "$user" -m 2770 -- "$conf"
runuser -u "$user" -- test -w "$conf" || { chown "$user:$user" -- "$conf"; chmod 2770 -- "$conf"; }`;

/** `$1` a file. */
const PARENT = 'd=$(dirname -- "$1"); [ -d "$d" ] || install -d -m 0755 -- "$d"';

/** Puts the configuration of an instance on its host; what servers wrote into it is kept, what is as wanted is left alone. */
export const initPutFiles = defineAction({
  name: "init.put_files",
  summary:
    "Puts the configuration files of each targeted instance on its host: what servers wrote into them is kept, a file that says the same is left alone",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    situation: situationSchema.describe("Outputs of init.survey"),
    paths: z.array(z.string()).describe("Which of its files; each is looked at again before it is replaced"),
  }),
  output: z.strictObject({ put: z.array(z.string()).describe("Paths of the files that were put") }),
  example: `- id: put
  action: init.put_files
  targets: { role: data }
  with: { situation: "\${{ steps.survey.outputs }}", paths: [/etc/redis/redis.conf] }
  undo: { action: init.put_back, with: { files: "\${{ before.files }}" } }`,
  commands: ({ paths }) => paths.map((path) => ({ transport: "upload", text: path })),
  async before({ paths }, context) {
    const shell = await context.shell(instanceOf(context).host);
    const files = [];
    for (const path of paths) {
      const { kept, sha256 } = await placeToKeep(shell, path, context.life.id, context.signal);
      files.push({ path, kept, sha256 });
    }
    return { files };
  },
  // A kill may come between two files: then some were put, and are to be taken back, although not all are as wanted.
  repeatable: true,
  async run({ situation, paths }, context) {
    const instance = instanceOf(context);
    const shell = await context.shell(instance.host);
    const { user, conf, data, log } = homeOf(context.deployment, instance);
    const folder = conf.slice(0, conf.lastIndexOf("/"));
    const options = { become: rootOn(instance.host), signal: context.signal };
    const made = await shell.script(FOLDERS, [user, folder, data, log.slice(0, log.lastIndexOf("/"))], options);
    if (made.code !== 0) throw noFolders(instance.id, made.stderr);
    const { files } = filesSchema.parse(context.before);
    for (const file of files) await keepFile(shell, file, context.signal);
    const put: string[] = [];
    for (const { desired, text, same } of await compareFiles(instance, situation, context)) {
      if (same || !paths.includes(desired.path)) continue;
      const mode = Number.parseInt(desired.mode, 8);
      const content = contentOf(desired, text);
      // Beside a unit of a package there may be nothing yet.
      if (desired.kind === "unit") await shell.script(PARENT, [desired.path], options);
      await shell.upload(content, desired.path, { ...options, mode, owner: desired.owner });
      put.push(desired.path);
    }
    return { outputs: { put }, changed: put.length > 0 };
  },
});

/** Takes back what init.put_files did. */
export const initPutBack = defineAction({
  name: "init.put_back",
  summary: "Puts back the files that init.put_files replaced, and takes away those that it created",
  scope: "instance",
  effect: "change",
  input: filesSchema,
  output: z.strictObject({}),
  example: `- id: put_back
  action: init.put_back
  targets: { role: data }
  with: { files: [] }
  undo: none`,
  commands: ({ files }) => restoreCommands(files),
  async run({ files }, context) {
    const shell = await context.shell(instanceOf(context).host);
    for (const file of files) await restoreFile(shell, file, context.signal);
    return { outputs: {}, changed: files.length > 0 };
  },
});

function noFolders(id: string, stderr: string): RedishaError {
  return new RedishaError({
    code: "INIT_FOLDERS",
    message: `The folders of ${id} could not be made: ${stderr.trim().split("\n").at(-1)}`,
    host: id,
    state: "its files are as they were",
  });
}
