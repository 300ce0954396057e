import { z } from "zod";
import { backupFolder } from "../../repository/layout.ts";
import type { StoredFile } from "../../repository/manifest.ts";
import { verifyStored } from "../../repository/pipeline/unpack-file.ts";
import { defineAction } from "../define.ts";
import { filesSchema, shardPartsSchema } from "./parts.ts";
import { repositoryOf } from "./repository.ts";
import { takenAway } from "./taken-away.ts";

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
    let done = 0;
    for (const file of files) {
      if (!(await store.stat(`${folder}${file.name}`))) throw takenAway(`${folder}${file.name} in ${store.shown}`);
      await verifyStored(store, folder, file, { signal: context.signal });
      done += file.size_stored;
      context.progress(file.name, { done, total, unit: "bytes" });
    }
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
