import { z } from "zod";
import { pairFor, trustOf } from "../../certificates/material.ts";
import { certificatesIn, factsOf } from "../../certificates/read.ts";
import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { keepFile, keptSchema, lookAtFile, placeToKeep, restoreCommands, restoreFile } from "../file/host-file.ts";
import { hostOf } from "../needs.ts";
import { load } from "./load.ts";
import { type Place, placeSchema } from "./place.ts";

const places = z.array(placeSchema).describe("Outputs of tls.compare");
const files = z.array(keptSchema);
const outputs = z.strictObject({
  serial: z.string().nullable().describe("Of the certificate that was put"),
  not_after: z.string().nullable(),
});

/** Puts a new certificate with its key, both in one file, so that no moment has two that do not fit. */
export const tlsPutPair = defineAction({
  name: "tls.put_pair",
  summary: "Puts on each targeted host a certificate and its key, made by the authority now or as given, in one file",
  scope: "host",
  effect: "change",
  input: z.strictObject({ places }),
  output: outputs,
  example: `- id: put
  action: tls.put_pair
  targets: { role: any, per: host }
  with: { places: "\${{ steps.look.hosts[host.host].outputs.places }}" }
  undo: { action: tls.put_back, with: { files: "\${{ before.files }}" } }`,
  commands: ({ places }) => places.map(({ pair }) => ({ transport: "upload", text: `‹certificate and key› ${pair}` })),
  before: async ({ places }, context) =>
    keptOf(
      places.map(({ pair }) => pair),
      context,
    ),
  repeatable: true,
  async run({ places }, context) {
    const pair = await pairFor(hostOf(context), context.deployment);
    await put(places, "pair", pair, 0o640, context);
    const [leaf] = certificatesIn(pair);
    const facts = leaf && factsOf(leaf);
    return { outputs: { serial: facts?.serial ?? null, not_after: facts?.not_after ?? null }, changed: true };
  },
});

/** Puts the certificates of who is trusted. */
export const tlsPutTrust = defineAction({
  name: "tls.put_trust",
  summary: "Puts on each targeted host the certificates of the authorities that its servers trust",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    places,
    trust: z
      .enum(["all", "newest"])
      .default("all")
      .describe("all: while one authority takes the place of another, both. newest: only the one to stay"),
  }),
  output: outputs,
  example: `- id: trust
  action: tls.put_trust
  targets: { role: any, per: host }
  with: { places: "\${{ steps.look.hosts[host.host].outputs.places }}", trust: all }
  undo: { action: tls.put_back, with: { files: "\${{ before.files }}" } }`,
  commands: ({ places, trust }) =>
    places.map(({ ca }) => ({ transport: "upload", text: `‹${trust} authorities› ${ca}` })),
  before: async ({ places }, context) =>
    keptOf(
      places.map(({ ca }) => ca),
      context,
    ),
  repeatable: true,
  async run({ places, trust }, context) {
    const wanted = await trustOf(context.deployment, trust);
    if (wanted === undefined) throw new TypeError("the authority is made before it is put");
    await put(places, "ca", wanted, 0o644, context);
    return { outputs: { serial: null, not_after: null }, changed: true };
  },
});

/** Takes back what was put, and has the servers of the host use what was there before. */
export const tlsPutBack = defineAction({
  name: "tls.put_back",
  summary: "Puts back what tls.put_pair or tls.put_trust replaced on each targeted host, and has its servers use it",
  scope: "host",
  effect: "change",
  input: z.strictObject({ files }),
  output: z.strictObject({}),
  example: `- id: back
  action: tls.put_back
  targets: { role: any, per: host }
  with: { files: [] }
  undo: none`,
  commands: ({ files }) => restoreCommands(files),
  repeatable: true,
  async run({ files }, context) {
    const host = hostOf(context);
    const shell = await context.shell(host);
    for (const file of files) await restoreFile(shell, file, context.signal);
    const here = context.deployment.instances.filter((instance) => instance.host.name === host.name);
    for (const instance of here) await load(instance, context);
    return { outputs: {}, changed: true };
  },
});

/** Kept by step: a run may put the same file more than once, and each is taken back by itself. */
async function keptOf(paths: readonly string[], context: ActionContext) {
  const shell = await context.shell(hostOf(context));
  const under = `${context.life.id}/${context.step.replace(/[^\w.-]+/g, "_")}`;
  const files = [];
  for (const path of paths) {
    const { kept, sha256 } = await placeToKeep(shell, path, under, context.signal);
    files.push({ path, kept, sha256 });
  }
  return { files };
}

/** `$1` the folder, `$2` its owner. */
const FOLDER = `[ -d "$1" ] || install -d -m 0750 -o "\${2%%:*}" -g "\${2#*:}" -- "$1"`;

async function put(
  places: readonly Place[],
  which: "pair" | "ca",
  content: string,
  mode: number,
  context: ActionContext,
): Promise<void> {
  const shell = await context.shell(hostOf(context));
  const { files: kept } = z.object({ files }).parse(context.before);
  for (const file of kept) await keepFile(shell, file, context.signal);
  for (const place of places) {
    const path = place[which];
    const owner = place.owner ?? (await lookAtFile(shell, path, context.signal))?.owner;
    if (owner !== undefined) await makeFolder(shell, path, owner, context.signal);
    const options = { mode, become: true, signal: context.signal };
    await shell.upload(content, path, owner === undefined ? options : { ...options, owner });
  }
}

async function makeFolder(shell: HostConnection, path: string, owner: string, signal: AbortSignal): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const { code, stderr } = await shell.script(FOLDER, [folder, owner], { become: true, signal });
  if (code === 0) return;
  throw new RedishaError({
    code: "FOLDER_NOT_MADE",
    message: `${folder} cannot be made on ${shell.host}: ${stderr.trim().split("\n").at(-1)}`,
    host: shell.host,
    state: "nothing was changed by this step",
  });
}
