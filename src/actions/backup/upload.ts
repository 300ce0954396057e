import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { backupFolder } from "../../repository/layout.ts";
import type { StoredFile } from "../../repository/manifest.ts";
import { type Progress, packFile } from "../../repository/pipeline/pack-file.ts";
import { keyspaceOf } from "../../topology/parse/keyspace.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { type Checked, checkSnapshot } from "./check-snapshot.ts";
import { progressOf, removeEarlier } from "./packing.ts";
import { shardPartSchema } from "./parts.ts";
import { rdbFacts, sourceFacts } from "./rdb-facts.ts";
import { packingOf, writingTo } from "./repository.ts";
import { infoOf } from "./save/persistence.ts";
import { type Saved, savedSchema } from "./save.ts";
import { serverFacts } from "./server-facts.ts";
import { becomes, limitRateSchema, sourceSchema } from "./sources.ts";
import { takeAhead } from "./store-ahead.ts";

/**
 * Streams a snapshot from its host into the repository while the host checks and digests the same file. It is stored only
 * where the check found nothing, and what arrived is what was checked.
 */
export const backupUpload = defineAction({
  name: "backup.upload",
  summary:
    "Has a host check a snapshot with the server's own redis-check-rdb and digest it, and meanwhile streams it into the repository, compressed and encrypted",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    source: sourceSchema,
    saved: savedSchema,
    limit_rate: limitRateSchema,
  }),
  output: shardPartSchema,
  example: `- id: upload
  action: backup.upload
  targets: { role: data, where: host.id in steps.choose.outputs.instances }
  with:
    source: "\${{ steps.choose.outputs.sources[host.id] }}"
    saved: "\${{ steps.save.outputs.saves[host.id] }}"
  timeout: 6h
  undo: { action: backup.discard, with: {} }`,
  commands: ({ saved, source }) => [
    { transport: "script", text: `redis-check-rdb ${saved.path}` },
    { transport: "script", text: `sha256sum ${saved.path}` },
    { transport: "exec", text: `cat ${saved.path}` },
    { transport: "controller", text: `store shards/${source.shard}/dump.rdb in the repository` },
  ],
  async run({ source, saved, limit_rate }, context) {
    const started = performance.now();
    const instance = instanceOf(context);
    const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
    const repository = await writingTo(context);
    const { store } = repository;
    const folder = backupFolder(context.deployment.name, context.life.id);
    const name = `shards/${source.shard}/dump.rdb`;
    const tidy = () => removeEarlier(store, `${folder}shards/${source.shard}/`, repository.signal);
    const stop = new AbortController();
    const signal = AbortSignal.any([repository.signal, stop.signal]);
    const onProgress = progressOf(context, "stored", saved.size);
    const transfer = async () => {
      await tidy();
      const content = await shell.download(saved.path, { become: becomes(instance.host), signal });
      const packing = packingOf(repository, limit_rate, context);
      const what = { name, kind: "rdb" as const, instance: instance.id, estimate: saved.size };
      return await packFile(store, folder, content, packing, { ...what, onProgress, signal });
    };
    const storing = async () => (await restOf(instance.id, context, onProgress, signal)) ?? (await transfer());
    try {
      const { checked, file: first } = await checkedAndStored(
        checkSnapshot(saved.path, context, signal),
        storing(),
        stop,
      );
      // What was stored while it was written may have been cut short, or have been another file.
      const file = isSame(first, checked) ? first : await transfer();
      if (!isSame(file, checked)) throw differs(instance.id, file.size_raw, checked);
      const { keys: read, expires, alreadyExpired: already_expired } = checked;
      const shard = {
        name: source.shard,
        slots: source.slots,
        source: sourceFacts(source),
        server: await serverFacts(redis, context.signal),
        rdb: rdbFacts(saved.rdb, checked.checksum),
        keys: { read, expires, already_expired, per_db: keyspaceOf(await infoOf(redis, ["keyspace"], signal)) },
        save: saveFacts(saved),
        files: [file],
      };
      return { outputs: { shard, duration_ms: Math.round(performance.now() - started) }, changed: true };
    } catch (error) {
      // The file may have been stored before something else failed.
      await tidy().catch(() => undefined);
      throw error;
    }
  },
  repeatable: true,
});

/** Waits for what was begun to be stored while it was written; undefined where nothing was, or nothing came of it. */
async function restOf(
  instance: string,
  { life }: ActionContext,
  onProgress: (at: Progress) => void,
  signal: AbortSignal,
): Promise<StoredFile | undefined> {
  const ahead = takeAhead(instance, life);
  if (!ahead) return undefined;
  if (ahead.at) onProgress(ahead.at);
  ahead.onProgress = onProgress;
  const stop = () => void ahead.stop();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const file = await ahead.file;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  return file;
}

function isSame({ size_raw, sha256_raw }: StoredFile, { size, sha256 }: Checked): boolean {
  return size_raw === size && sha256_raw === sha256;
}

/**
 * Waits for both, and ends the one where the other failed, whose error is the one that is thrown. A file that cannot be read
 * is left to the check, which says why.
 */
async function checkedAndStored(
  checking: Promise<Checked>,
  storing: Promise<StoredFile>,
  stop: AbortController,
): Promise<{ checked: Checked; file: StoredFile }> {
  checking.catch((error: unknown) => stop.abort(error));
  storing.catch((error: unknown) => {
    if (!(error instanceof RedishaError && error.code === "HOST_FILE_NOT_READ")) stop.abort(error);
  });
  const [checked, stored] = await Promise.allSettled([checking, storing]);
  if (stop.signal.aborted) throw stop.signal.reason;
  if (checked.status === "rejected") throw checked.reason;
  if (stored.status === "rejected") throw stored.reason;
  return { checked: checked.value, file: stored.value };
}

function saveFacts({ duration_ms, fork_usec, cow_bytes }: Saved) {
  return {
    duration_ms,
    ...(fork_usec === null ? {} : { fork_usec }),
    ...(cow_bytes === null ? {} : { cow_bytes }),
  };
}

function differs(instance: string, size: number, checked: Checked): RedishaError {
  return new RedishaError({
    code: "TRANSFER_DIFFERS",
    message: `What came from ${instance} is not what was checked there: ${size} bytes in place of ${checked.size}, or another digest.`,
    host: instance,
    exit: EXIT.verificationFailed,
    state: "it was not kept in the repository",
    next: ["redisha backup", "look at the disk of that host: dmesg, smartctl"],
  });
}
