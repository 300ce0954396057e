import { z } from "zod";
import { readCheckReport } from "../../backup/check-report.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { FIND_TOOL, toolsBeside } from "../backup/host-tools.ts";
import { progressOf } from "../backup/packing.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { onHostOf, rootOn } from "../service/shell.ts";
import { asideFolder, STAGED, stagingFolder } from "./folders.ts";
import { partSchema } from "./schemas.ts";
import { snapshotOf } from "./snapshot.ts";

/** `$1` the folder, `$2` uid of the server. What an earlier attempt left is not trusted. */
const MAKE = `
set -eu
rm -rf -- "$1"
mkdir -m 0700 -- "$1"`;

/** `$1` the snapshot, then candidates for the checking program. */
const CHECK = `${FIND_TOOL}
file=$1
shift
find_tool "$@"
[ -n "$tool" ] || { echo "no_tool"; exit 0; }
gently "$tool" "$file" 2>&1
echo "status $?"
echo "size $(stat -c %s -- "$file")"`;

/** Brings a snapshot beside the data of a server, decrypted and proved, while the server goes on as before. */
export const restoreStage = defineAction({
  name: "restore.stage",
  summary:
    "Streams the snapshot from the repository to the disk of the server, held against the digests of the manifest and checked there",
  scope: "instance",
  effect: "change",
  // What a crash left is staged again: to prove it takes as long.
  repeatable: true,
  input: z.strictObject({
    backup: z.string(),
    from: z.string(),
    identities: z.array(z.string()).default([]),
    part: partSchema,
    at: z.string().nullable().default(null).describe("A moment, for a backup of an append-only file"),
    dir: z.string().describe("The folder of the server's data"),
    program: z.string().describe("The server program, beside which the checking one is looked for"),
  }),
  output: z.strictObject({
    path: z.string(),
    size: z.int(),
    keys: z.int().nullable(),
    expired: z.int().nullable().describe("Keys that have expired since they were saved: a primary does not load them"),
  }),
  example: `- id: stage
  action: restore.stage
  targets: { role: data, where: host.id in steps.check.outputs.staged }
  with:
    backup: "\${{ steps.choose.outputs.backup }}"
    from: "\${{ steps.choose.outputs.from }}"
    part: "\${{ steps.choose.outputs.parts[steps.check.outputs.part_of[host.id]] }}"
    dir: "\${{ steps.look.hosts[host.id].outputs.dir }}"
    program: "\${{ steps.look.hosts[host.id].outputs.service.program }}"
  undo: { action: restore.unstage, with: { dir: "\${{ steps.look.hosts[host.id].outputs.dir }}" } }`,
  commands: ({ dir, part }) => [
    { transport: "upload", text: `snapshot of ${part.shard} to ${stagingFolder(dir, "RUN")}/${STAGED}` },
    { transport: "exec", text: `redis-check-rdb ${stagingFolder(dir, "RUN")}/${STAGED}` },
  ],
  async run({ backup, from, identities, part, at, dir, program }, context) {
    const instance = instanceOf(context);
    const folder = stagingFolder(dir, context.life.id);
    const path = `${folder}/${STAGED}`;
    await onHostOf(instance, context, MAKE, [folder], hostFiles(folder));
    const progress = progressOf(context, "staged", part.size);
    const shell = await context.shell(instance.host);
    const snapshot = await snapshotOf({ backup, from, identities, at }, part, context, (raw) =>
      progress({ raw, stored: 0 }),
    );
    await shell.upload(snapshot.content, path, { mode: 0o600, become: rootOn(instance.host), signal: context.signal });
    return {
      outputs: { path, size: snapshot.size, ...(await checked(path, snapshot.size, program, context)) },
      changed: true,
    };
  },
});

async function checked(
  path: string,
  size: number,
  program: string,
  context: ActionContext,
): Promise<{ keys: number | null; expired: number | null }> {
  const instance = instanceOf(context);
  const candidates = toolsBeside("check-rdb", program, context.deployment);
  context.progress("checking it with the server's own redis-check-rdb");
  const output = await onHostOf(instance, context, CHECK, [path, ...candidates], hostFiles(path));
  // Size and digest are those of the manifest: without the program only what the server makes of it is not known yet.
  if (/^no_tool$/m.test(output)) return { keys: null, expired: null };
  const word = (name: string) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(output)?.[1]);
  const report = readCheckReport(word("status"), output.replace(/^(status|size) .*$/gm, ""));
  if (report.ok && report.end === size && word("size") === size) {
    return { keys: report.keys, expired: report.alreadyExpired };
  }
  const why = report.ok ? `it has ${word("size")} bytes, and ends behind ${report.end}` : report.complaint;
  throw new RedishaError({
    code: "RESTORE_DAMAGED",
    message: `The snapshot is not one that ${instance.id} could load: ${why}.`,
    host: instance.id,
    exit: EXIT.verificationFailed,
    state: "nothing was stopped, and no data was touched",
    next: ["redisha backup verify", "redisha backup list"],
  });
}

/** Takes the staging folder away. */
export const restoreUnstage = defineAction({
  name: "restore.unstage",
  summary: "Removes the staging folder of this run beside the data of the server",
  scope: "instance",
  effect: "change",
  repeatable: true,
  input: z.strictObject({ dir: z.string() }),
  output: z.strictObject({
    folder: z.string(),
    kept: z.string().nullable().describe("Where the data lies that was there before"),
  }),
  example: `- id: tidy
  action: restore.unstage
  targets: { role: data }
  with: { dir: "\${{ steps.look.hosts[host.id].outputs.dir }}" }
  undo: none`,
  commands: ({ dir }) => [{ transport: "exec", text: `rm -rf ${stagingFolder(dir, "RUN")}` }],
  async run({ dir }, context) {
    const folder = stagingFolder(dir, context.life.id);
    const aside = asideFolder(dir, context.life.id);
    const script = 'rm -rf -- "$1"; if [ -d "$2" ]; then echo kept; fi';
    const said = await onHostOf(instanceOf(context), context, script, [folder, aside], hostFiles(folder));
    return { outputs: { folder, kept: said.trim() === "kept" ? aside : null }, changed: true };
  },
});

function hostFiles(path: string) {
  return {
    code: "RESTORE_HOST_FILES",
    what: `${path} cannot be written`,
    state: "the server and its data are as they were",
    next: ["let the SSH user write there, or set `ssh: { become: sudo }`"],
  };
}
