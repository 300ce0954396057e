import { z } from "zod";
import type { HostConnection, RedisConnection } from "../../connect/types.ts";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { readAofManifest } from "../../restore/aof-manifest.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { readDirectives } from "../redis/directives.ts";
import { DIGEST_HEAD, LINK_PARTS } from "./save/aof-scripts.ts";
import { infoOf, persistenceOf } from "./save/persistence.ts";
import { keptName } from "./save/scripts.ts";
import { becomes } from "./sources.ts";

const partSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(["aof-base", "aof-incr"]),
  path: z.string().describe("On the host: the link that keeps it"),
  size: z.int().describe("Bytes that count: the server may append to the file"),
  sha256: z.string(),
});
export const keptAofSchema = z.strictObject({
  parts: z.array(partSchema).describe("In the order in which they are loaded"),
  manifest: z
    .strictObject({ name: z.string(), text: z.string() })
    .nullable()
    .describe("Null before 7.0: there is one file"),
});
export type KeptAof = z.infer<typeof keptAofSchema>;

/** A rewrite between two looks at the manifest makes the copy worthless: so often it is begun again. */
const ATTEMPTS = 5;
const POLL_MS = 200;

/** Keeps the parts of an append-only file by hard links, all of one moment. */
export const backupKeepAof = defineAction({
  name: "backup.keep_aof",
  summary:
    "Keeps the parts of the append-only file by hard links, with no rewrite in between, and digests them on the host",
  scope: "instance",
  effect: "change",
  input: z.strictObject({}),
  output: keptAofSchema,
  example: `- id: keep_aof
  action: backup.keep_aof
  targets: { role: data, where: host.id in steps.choose.outputs.instances }
  with: {}
  timeout: 2h
  undo: { action: backup.release, with: { sources: "\${{ steps.choose.outputs.sources }}" } }`,
  commands: () => [
    { transport: "redis", text: "INFO persistence" },
    { transport: "script", text: `ln DIR/APPENDDIRNAME/* DIR/${keptName("RUN")}/` },
    { transport: "script", text: "head -c SIZE FILE | sha256sum" },
  ],
  async run(_input, context) {
    const instance = instanceOf(context);
    const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
    for (let attempt = 1; ; attempt += 1) {
      await untilStill(redis, context);
      const kept = await keepOnce(redis, shell, context);
      if (kept) return { outputs: kept, changed: true };
      if (attempt === ATTEMPTS) throw neverStill(instance.id);
      context.progress(`the server rewrote its file meanwhile; asking again (${attempt + 1} of ${ATTEMPTS})`);
    }
  },
  repeatable: true,
});

async function untilStill(redis: RedisConnection, context: ActionContext): Promise<void> {
  for (;;) {
    const { rewriting, rewriteScheduled, loading } = await persistenceOf(redis, context.signal);
    if (!rewriting && !rewriteScheduled && !loading) return;
    context.progress("waiting for the rewrite of the append-only file");
    await sleep(POLL_MS, context.signal);
  }
}

/** Undefined where the parts changed while they were linked. */
async function keepOnce(
  redis: RedisConnection,
  shell: HostConnection,
  context: ActionContext,
): Promise<KeptAof | undefined> {
  const become = becomes(instanceOf(context).host);
  const { signal } = context;
  const place = await aofPlace(redis, context);
  const keep = `${place.dir}/${keptName(context.life.id)}`;
  const before = await partsNow(place, shell, { become, signal });
  const pairs = before.parts.flatMap(({ name }) => [`${place.folder}/${name}`, name]);
  const linked = await shell.script(LINK_PARTS, [keep, ...pairs], { become, signal });
  // A part that is gone was removed by a rewrite: look again.
  if (linked.code !== 0 && before.text !== null) return undefined;
  if (linked.code !== 0) throw notKept(redis.instance, linked.stderr.trim());
  const after = await partsNow(place, shell, { become, signal });
  const { rewriting } = await persistenceOf(redis, signal);
  if (rewriting || after.text !== before.text) return undefined;
  const sizes = new Map(
    linked.stdout.split("\n").map((line) => [line.replace(/^\d+ /, ""), Number.parseInt(line, 10)]),
  );
  const parts: KeptAof["parts"] = [];
  for (const { name, kind } of before.parts) {
    const path = `${keep}/${name}`;
    const size = sizes.get(name) ?? 0;
    const { stdout } = await shell.script(DIGEST_HEAD, [path, String(size)], { become, signal });
    parts.push({ name, kind, path, size, sha256: stdout.slice(0, 64) });
  }
  return { parts, manifest: before.text === null ? null : { name: place.manifest, text: before.text } };
}

interface AofPlace {
  readonly dir: string;
  /** Where the parts are. */
  readonly folder: string;
  readonly manifest: string;
  /** The one file of a server before 7.0. */
  readonly single: string | undefined;
}

async function aofPlace(redis: RedisConnection, { signal }: ActionContext): Promise<AofPlace> {
  const { dir = "", appendfilename = "appendonly.aof" } = await readDirectives(redis, ["dir", "appendfilename"]);
  const { redis_version: version = "", valkey_version: valkey } = await infoOf(redis, ["server"], signal);
  const manifest = `${appendfilename}.manifest`;
  if (valkey === undefined && Number.parseInt(version, 10) < 7)
    return { dir, folder: dir, manifest, single: appendfilename };
  const { appenddirname = "appendonlydir" } = await readDirectives(redis, ["appenddirname"]);
  return { dir, folder: `${dir}/${appenddirname}`, manifest, single: undefined };
}

async function partsNow(
  { folder, manifest, single }: AofPlace,
  shell: HostConnection,
  how: { readonly become: boolean; readonly signal: AbortSignal },
): Promise<{ text: string | null; parts: readonly { name: string; kind: "aof-base" | "aof-incr" }[] }> {
  if (single !== undefined) return { text: null, parts: [{ name: single, kind: "aof-base" }] };
  const { code, stdout, stderr } = await shell.exec(["cat", "--", `${folder}/${manifest}`], how);
  if (code !== 0) throw notKept(shell.host, stderr.trim());
  const parts = readAofManifest(stdout);
  if (!parts) throw notKept(shell.host, `${manifest} cannot be read`);
  const wanted = parts.filter(({ type }) => type !== "h");
  return {
    text: stdout,
    parts: wanted.map(({ name, type }) => ({ name, kind: type === "b" ? "aof-base" : "aof-incr" })),
  };
}

function notKept(where: string, why: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_HOST_FILES",
    message: `The append-only file of ${where} cannot be kept: ${why}.`,
    host: where,
    state: "the server is as it was; nothing was stored",
    next: ["let the SSH user read and write the folder of the server, for instance with `become: sudo`"],
  });
}

function neverStill(instance: string): RedishaError {
  return new RedishaError({
    code: "AOF_NEVER_STILL",
    message: `${instance} rewrote its append-only file again and again: there was no moment to copy it.`,
    host: instance,
    state: "nothing was stored",
    next: ["redisha backup --method bgsave", "look who sends BGREWRITEAOF"],
  });
}
