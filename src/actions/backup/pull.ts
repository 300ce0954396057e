import { pipeline, Transform } from "node:stream";
import { z } from "zod";
import type { RdbHeader } from "../../backup/rdb-header.ts";
import { type RdbScan, RdbScanner } from "../../backup/rdb-scan.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { reachedThroughShell, redisTargetOf } from "../../inventory/redis-target.ts";
import { backupFolder } from "../../repository/layout.ts";
import { packFile } from "../../repository/pipeline/pack-file.ts";
import { keyspaceOf } from "../../topology/parse/keyspace.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { progressOf, removeEarlier } from "./packing.ts";
import { shardPartSchema } from "./parts.ts";
import { rdbFacts, sourceFacts } from "./rdb-facts.ts";
import { packingOf, writingTo } from "./repository.ts";
import { infoOf } from "./save/persistence.ts";
import { serverFacts } from "./server-facts.ts";
import { sourceSchema } from "./sources.ts";

/** Stores a snapshot that the server sends as it would to a new replica. */
export const backupPull = defineAction({
  name: "backup.pull",
  summary: "Has a server send its data as to a new replica, and stores it; needs no SSH and no file on that host",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ source: sourceSchema, limit_rate: z.int().min(1).nullable().default(null) }),
  output: shardPartSchema,
  example: `- id: pull
  action: backup.pull
  targets: { role: data, where: host.id in steps.choose.outputs.instances }
  with: { source: "\${{ steps.choose.outputs.sources[host.id] }}" }
  timeout: 12h
  undo: { action: backup.discard, with: {} }`,
  commands: ({ source }) => [
    { transport: "redis", text: "REPLCONF rdb-only 1" },
    { transport: "redis", text: "PSYNC ? -1" },
    { transport: "controller", text: `store shards/${source.shard}/dump.rdb in the repository` },
  ],
  async run({ source, limit_rate }, context) {
    const started = performance.now();
    const instance = instanceOf(context);
    const redis = await context.redis(instance);
    const server = await serverFacts(redis, context.signal);
    const repository = await writingTo(context);
    const { store, signal } = repository;
    const folder = backupFolder(context.deployment.name, context.life.id);
    await removeEarlier(store, `${folder}shards/${source.shard}/`, signal);
    const { content, size } = await pulled(instance, context);
    const scanner = new RdbScanner();
    const estimate = size ?? server.used_memory;
    const file = await packFile(store, folder, tapped(content, scanner), packingOf(repository, limit_rate, context), {
      name: `shards/${source.shard}/dump.rdb`,
      kind: "rdb",
      instance: instance.id,
      estimate,
      onProgress: progressOf(context, "stored", estimate),
      signal,
    });
    const scan = scanner.finish();
    const held = keyspaceOf(await infoOf(redis, ["keyspace"], context.signal));
    const complaint = whyBad(scan, held);
    if (complaint !== undefined || !scan.header) {
      await store.delete(`${folder}${file.name}`);
      throw damaged(instance.id, complaint ?? "it does not begin as an RDB file does");
    }
    const duration = Math.round(performance.now() - started);
    const shard = {
      name: source.shard,
      slots: source.slots,
      source: sourceFacts(source),
      server,
      rdb: rdbFacts(scan.header, scan.checksum === "match"),
      ...keysOf(scan.header, held),
      save: { duration_ms: duration },
      files: [file],
    };
    return { outputs: { shard, duration_ms: duration }, changed: true };
  },
  repeatable: true,
});

async function pulled(instance: Instance, context: ActionContext) {
  const { pullSnapshot } = await import("../../connect/redis/pull/pull-snapshot.ts");
  const through = reachedThroughShell(instance.host, context.deployment)
    ? await context.shell(instance.host)
    : undefined;
  return pullSnapshot(redisTargetOf(instance, context.deployment), {
    ...(through ? { through } : {}),
    signal: context.signal,
    waiting: () => context.progress("waiting for the server to fork and to begin"),
  });
}

/** The same stream, with each piece shown to the scanner on its way. */
function tapped(content: NodeJS.ReadableStream, scanner: RdbScanner): Transform {
  const tap = new Transform({
    transform(chunk: Buffer, _, callback) {
      scanner.update(chunk);
      callback(null, chunk);
    },
  });
  // Errors of the source end the tap, whose reader tells of them.
  pipeline(content, tap, () => undefined);
  return tap;
}

/** Counted by the server when it began to write: of one database alone, since the next one stands behind the keys of the first. */
function keysOf({ first }: RdbHeader, held: Readonly<Record<string, number>>) {
  if (!first || Object.keys(held).length > 1) return {};
  return { keys: { read: first.keys, expires: first.expires } };
}

function whyBad(
  { checksum, ended, header, size }: RdbScan,
  held: Readonly<Record<string, number>>,
): string | undefined {
  if (!header) return "it does not begin as an RDB file does";
  if (!ended) return "it does not end as an RDB file does";
  if (checksum === "mismatch") return "its checksum does not fit";
  const keys = Object.values(held).reduce((sum, count) => sum + count, 0);
  // Head, end and a dozen fields: nothing else fits into so little.
  return keys > 100 && size < 512 ? `it has ${size} bytes, and the server holds ${keys} keys` : undefined;
}

function damaged(instance: string, why: string): RedishaError {
  return new RedishaError({
    code: "RDB_DAMAGED",
    message: `The snapshot that ${instance} sent is no good: ${why}.`,
    host: instance,
    exit: EXIT.verificationFailed,
    state: "it was not kept in the repository",
    next: ["redisha backup --method bgsave, which checks the file on the host"],
  });
}
