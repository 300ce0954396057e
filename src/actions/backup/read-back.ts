import { z } from "zod";
import { backupFolder } from "../../repository/layout.ts";
import type { StoredFile } from "../../repository/manifest.ts";
import type { Progress } from "../../repository/pipeline/pack-file.ts";
import { verifyStored } from "../../repository/pipeline/unpack-file.ts";
import { defineAction } from "../define.ts";
import { tellBytes } from "./packing.ts";
import { filesSchema, shardPartsSchema } from "./parts.ts";
import { repositoryOf } from "./repository.ts";
import { takenAway } from "./taken-away.ts";

/** Files read side by side: of small ones in a bucket each is mostly waiting. */
const AT_ONCE = 4;

/** Reads everything that was stored once more: an answer of `written` is not yet a file that can be read. */
export const backupReadBack = defineAction({
  name: "backup.read_back",
  summary: "Reads back every byte that this run stored and compares its digest, before the manifest calls it a backup",
  scope: "controller",
  effect: "read",
  input: z.strictObject({ shards: shardPartsSchema, along: filesSchema }),
  output: z.strictObject({ files: z.int(), bytes: z.int(), at: z.string(), duration_ms: z.int() }),
  example: `- id: read_back
  action: backup.read_back
  with: { shards: ["\${{ steps.upload.hosts }}"], along: "\${{ steps.along.outputs.files }}" }
  timeout: 6h`,
  commands: () => [{ transport: "controller", text: "read back and digest what was stored" }],
  async run({ shards, along }, context) {
    const started = performance.now();
    const { store } = await repositoryOf(context);
    const folder = backupFolder(context.deployment.name, context.life.id);
    const files: StoredFile[] = [...shards.flatMap(({ shard }) => shard.files), ...along];
    const total = files.reduce((sum, { size_stored }) => sum + size_stored, 0);
    const tell = tellBytes(context, "read back", total);
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    let done = 0;
    const queue = files.values();
    const reader = async () => {
      for (const file of queue) {
        signal.throwIfAborted();
        if (!(await store.stat(`${folder}${file.name}`))) throw takenAway(`${folder}${file.name} in ${store.shown}`);
        let read = 0;
        const onProgress = ({ stored }: Progress) => {
          done += stored - read;
          read = stored;
          tell(done);
        };
        await verifyStored(store, folder, file, { signal, onProgress });
      }
    };
    const readers = Array.from({ length: AT_ONCE }, reader);
    for (const each of readers) each.catch((error: unknown) => stop.abort(error));
    await Promise.allSettled(readers);
    signal.throwIfAborted();
    return {
      outputs: {
        files: files.length,
        bytes: total,
        at: new Date().toISOString(),
        duration_ms: Math.round(performance.now() - started),
      },
      changed: false,
    };
  },
});
