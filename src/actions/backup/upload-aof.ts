import { pipeline, Readable } from "node:stream";
import { z } from "zod";
import { HEADER_BYTES, readRdbHeader } from "../../backup/rdb-header.ts";
import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { backupFolder } from "../../repository/layout.ts";
import type { Shard, StoredFile } from "../../repository/manifest.ts";
import { packFile } from "../../repository/pipeline/pack-file.ts";
import { AofScanner, type AofTimes } from "../../restore/aof-scanner.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { type KeptAof, keptAofSchema } from "./keep-aof.ts";
import { progressOf, removeEarlier } from "./packing.ts";
import { shardPartSchema } from "./parts.ts";
import { sourceFacts } from "./rdb-facts.ts";
import { packingOf, writingTo } from "./repository.ts";
import { serverFacts } from "./server-facts.ts";
import { becomes, sourceSchema } from "./sources.ts";

/** Stores the parts of an append-only file, and says which time they cover. */
export const backupUploadAof = defineAction({
  name: "backup.upload_aof",
  summary:
    "Streams the kept parts of an append-only file into the repository, and finds which points in time they cover",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    source: sourceSchema,
    kept: keptAofSchema,
    limit_rate: z.int().min(1).nullable().default(null),
  }),
  output: shardPartSchema,
  example: `- id: upload_aof
  action: backup.upload_aof
  targets: { role: data, where: host.id in steps.choose.outputs.instances }
  with:
    source: "\${{ steps.choose.outputs.sources[host.id] }}"
    kept: "\${{ steps.keep_aof.hosts[host.id].outputs }}"
  timeout: 12h
  undo: { action: backup.discard, with: {} }`,
  commands: ({ kept, source }) => [
    ...kept.parts.map(({ path, size }) => ({ transport: "exec" as const, text: `head -c ${size} ${path}` })),
    { transport: "controller", text: `store shards/${source.shard}/aof/… in the repository` },
  ],
  async run({ source, kept, limit_rate }, context) {
    const started = performance.now();
    const instance = instanceOf(context);
    const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
    const repository = await writingTo(context);
    const { store, signal } = repository;
    const folder = backupFolder(context.deployment.name, context.life.id);
    await removeEarlier(store, `${folder}shards/${source.shard}/`, signal);
    const total = kept.parts.reduce((sum, { size }) => sum + size, 0);
    const common = { instance: instance.id, signal };
    const packing = packingOf(repository, limit_rate, context);
    const named = (name: string) => `shards/${source.shard}/aof/${name}`;
    const files: StoredFile[] = [];
    const times: AofTimes[] = [];
    const baseHeads: (Buffer | undefined)[] = [];
    for (const part of kept.parts) {
      const content = await headOf(part, shell, context);
      const scanner = part.kind === "aof-incr" ? new AofScanner() : undefined;
      const heads = new HeadKeeper();
      const watched = scanner ? through(content, scanner) : content;
      const tapped = watched.on("data", (chunk: Buffer) => heads.add(chunk)).pause();
      const file = await packFile(store, folder, tapped, packing, {
        ...common,
        name: named(part.name),
        kind: part.kind,
        estimate: part.size,
        onProgress: progressOf(context, "stored", total),
      });
      if (file.size_raw !== part.size || file.sha256_raw !== part.sha256) throw differs(instance.id, part.name);
      files.push(file);
      if (scanner) times.push(scanner.times);
      else baseHeads.push(heads.bytes);
    }
    if (kept.manifest) {
      const content = Readable.from([Buffer.from(kept.manifest.text)]);
      const file = {
        ...common,
        name: named(kept.manifest.name),
        kind: "aof-manifest" as const,
        estimate: kept.manifest.text.length,
      };
      files.push(await packFile(store, folder, content, packing, file));
    }
    const shard: Shard = {
      name: source.shard,
      slots: source.slots,
      source: sourceFacts(source),
      server: await serverFacts(redis, signal),
      ...windowOf(baseHeads[0], times),
      files,
    };
    return { outputs: { shard, duration_ms: Math.round(performance.now() - started) }, changed: true };
  },
  repeatable: true,
});

/** The first bytes of a stream. */
class HeadKeeper {
  bytes: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    if (this.bytes.length < HEADER_BYTES) {
      this.bytes = Buffer.concat([this.bytes, chunk.subarray(0, HEADER_BYTES - this.bytes.length)]);
    }
  }
}

/** Only as much as counted when the part was kept: behind that the server goes on writing. */
async function headOf(
  { path, size }: KeptAof["parts"][number],
  shell: HostConnection,
  context: ActionContext,
): Promise<Readable> {
  const how = { become: becomes(instanceOf(context).host), signal: context.signal };
  const { stdout } = await shell.stream(["head", "-c", String(size), "--", path], how);
  return stdout;
}

function through(content: Readable, scanner: AofScanner): Readable {
  // Errors of the source end the scanner, whose reader tells of them.
  pipeline(content, scanner, () => undefined);
  return scanner;
}

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

/** What the base says of when it was made, and the annotations of the increments. A base of commands does not say it. */
function windowOf(baseHead: Buffer | undefined, times: readonly AofTimes[]): Pick<Shard, "aof"> {
  const created = Number(baseHead ? readRdbHeader(baseHead)?.aux.ctime : undefined);
  if (!Number.isSafeInteger(created)) return {};
  const first = times.map((each) => each.first).find((each) => each !== null);
  const last = times.map((each) => each.last).findLast((each) => each !== null);
  return {
    aof: {
      base_created: iso(created),
      ...(first == null ? {} : { first_annotation: iso(first) }),
      ...(last == null ? {} : { last_annotation: iso(last) }),
      starts_with_annotation: times.length > 0 && times[0]?.unmarked === false,
    },
  };
}

function differs(instance: string, name: string): RedishaError {
  return new RedishaError({
    code: "TRANSFER_DIFFERS",
    message: `What came of ${name} from ${instance} is not what was digested there.`,
    host: instance,
    exit: EXIT.verificationFailed,
    state: "what was stored so far is no backup, and is removed",
    next: ["redisha backup", "look at the disk of that host: dmesg, smartctl"],
  });
}
