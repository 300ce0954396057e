import { z } from "zod";
import { contentOf, desiredExporters } from "../../init/exporter-files.ts";
import { EXPORTER } from "../../render/exporter.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { keepFile, keptSchema, placeToKeep, restoreCommands, restoreFile } from "../file/host-file.ts";
import { hostOf } from "../needs.ts";
import { asRoot } from "../os/as-root.ts";

const filesSchema = z.object({ files: z.array(keptSchema), units: z.array(z.string()) });

const FOLDER = `[ -d ${EXPORTER.folder} ] || install -d -m 0755 ${EXPORTER.folder}`;

/** Units that run go by what is there again. */
const AGAIN = `systemctl daemon-reload && systemctl try-restart -- "$@"`;

/** Puts units, passwords and certificates of the exporters of a host. */
export const exporterPut = defineAction({
  name: "exporter.put",
  summary:
    "Puts units of redis_exporter, their passwords and what they trust on each targeted host, and starts nothing",
  scope: "host",
  effect: "change",
  input: z.strictObject({ paths: z.array(z.string()).describe("Which of the files; outputs of exporter.compare") }),
  output: z.strictObject({ put: z.array(z.string()) }),
  example: `- id: put
  action: exporter.put
  targets: { role: any, per: host }
  with: { paths: "\${{ steps.look.outputs.files }}" }
  undo: { action: exporter.put_back, with: { files: "\${{ before.files }}", units: "\${{ before.units }}" } }`,
  commands: ({ paths }) => paths.map((path) => ({ transport: "upload", text: path })),
  async before({ paths }, context) {
    const shell = await context.shell(hostOf(context));
    const wanted = await desiredExporters(hostOf(context), context.deployment);
    const files = [];
    for (const path of paths) {
      // By step: a run may put the same file more than once, and each is taken back by itself.
      const under = `${context.life.id}/${context.step.replace(/[^\w.-]+/g, "_")}`;
      const { kept, sha256 } = await placeToKeep(shell, path, under, context.signal);
      files.push({ path, kept, sha256 });
    }
    return { files, units: (wanted?.units ?? []).map(({ name }) => `${name}.service`) };
  },
  // A kill may come between two files: then some were put, and are to be taken back.
  repeatable: true,
  async run({ paths }, context) {
    const host = hostOf(context);
    const shell = await context.shell(host);
    const wanted = (await desiredExporters(host, context.deployment))?.files.filter(({ path }) => paths.includes(path));
    const contents = (wanted ?? []).map((file) => ({ file, content: contentOf(file) }));
    const failure = {
      code: "FOLDER_NOT_MADE",
      what: `${EXPORTER.folder} cannot be made`,
      state: "nothing was changed by this step",
    };
    await asRoot(context, FOLDER, [], failure);
    for (const kept of filesSchema.parse(context.before).files) await keepFile(shell, kept, context.signal);
    for (const { file, content } of contents) {
      const mode = Number.parseInt(file.mode, 8);
      await shell.upload(content, file.path, { owner: file.owner, mode, become: true, signal: context.signal });
    }
    return { outputs: { put: contents.map(({ file }) => file.path) }, changed: contents.length > 0 };
  },
});

/** Takes back what exporter.put did. */
export const exporterPutBack = defineAction({
  name: "exporter.put_back",
  summary: "Puts back what exporter.put replaced, takes away what it created, and has units that run go by it",
  scope: "host",
  effect: "change",
  input: filesSchema,
  output: z.strictObject({}),
  example: `- id: back
  action: exporter.put_back
  targets: { role: any, per: host }
  with: { files: [], units: [] }
  undo: none`,
  commands: ({ files, units }) => [
    ...restoreCommands(files),
    { transport: "exec", text: `systemctl daemon-reload; systemctl try-restart ${units.join(" ")}` },
  ],
  repeatable: true,
  async run({ files, units }, context) {
    const shell = await context.shell(hostOf(context));
    for (const file of files) await restoreFile(shell, file, context.signal);
    if (units.length > 0) await again(units, context);
    return { outputs: {}, changed: files.length > 0 };
  },
});

async function again(units: readonly string[], context: ActionContext): Promise<void> {
  const failure = {
    code: "UNIT_NOT_CHANGED",
    what: "redis_exporter did not start again",
    state: "its files are those from before",
  };
  await asRoot(context, AGAIN, units, failure);
}
