import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { backupFolder } from "../../repository/layout.ts";
import { packFile } from "../../repository/pipeline/pack-file.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { type Checked, checkedSchema } from "./check.ts";
import { progressOf, removeEarlier } from "./packing.ts";
import { shardPartSchema } from "./parts.ts";
import { rdbFacts, sourceFacts } from "./rdb-facts.ts";
import { packingOf, writingTo } from "./repository.ts";
import { type Saved, savedSchema } from "./save.ts";
import { serverFacts } from "./server-facts.ts";
import { becomes, sourceSchema } from "./sources.ts";

/** Streams a snapshot from its host into the repository, and holds what arrived against what the host digested. */
export const backupUpload = defineAction({
  name: "backup.upload",
  summary:
    "Streams a snapshot from its host into the repository, compressed and encrypted on the way, as the host digested it",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    source: sourceSchema,
    saved: savedSchema,
    checked: checkedSchema,
    limit_rate: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe("Bytes per second of all transfers of the run together"),
  }),
  output: shardPartSchema,
  example: `- id: upload
  action: backup.upload
  targets: { role: data, where: host.id in steps.choose.outputs.instances }
  with:
    source: "\${{ steps.choose.outputs.sources[host.id] }}"
    saved: "\${{ steps.save.outputs.saves[host.id] }}"
    checked: "\${{ steps.check.hosts[host.id].outputs }}"
  timeout: 6h
  undo: { action: backup.discard, with: {} }`,
  commands: ({ saved, source }) => [
    { transport: "exec", text: `cat ${saved.path}` },
    { transport: "controller", text: `store shards/${source.shard}/dump.rdb in the repository` },
  ],
  async run({ source, saved, checked, limit_rate }, context) {
    const started = performance.now();
    const instance = instanceOf(context);
    const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
    const repository = await writingTo(context);
    const { store, signal } = repository;
    const folder = backupFolder(context.deployment.name, context.life.id);
    const name = `shards/${source.shard}/dump.rdb`;
    await removeEarlier(store, `${folder}shards/${source.shard}/`, signal);
    const content = await shell.download(saved.path, { become: becomes(instance.host), signal: context.signal });
    const file = await packFile(store, folder, content, packingOf(repository, limit_rate, context), {
      name,
      kind: "rdb",
      instance: instance.id,
      estimate: checked.size,
      onProgress: progressOf(context, checked.size),
      signal,
    });
    if (file.size_raw !== checked.size || file.sha256_raw !== checked.sha256) {
      await store.delete(`${folder}${file.name}`);
      throw differs(instance.id, file.size_raw, checked);
    }
    const { keys, expires, already_expired } = checked;
    const shard = {
      name: source.shard,
      slots: source.slots,
      source: sourceFacts(source),
      server: await serverFacts(redis, context.signal),
      rdb: rdbFacts(saved.rdb, checked.checksum),
      keys: { read: keys, expires, already_expired },
      save: saveFacts(saved),
      files: [file],
    };
    return { outputs: { shard, duration_ms: Math.round(performance.now() - started) }, changed: true };
  },
  repeatable: true,
});

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
