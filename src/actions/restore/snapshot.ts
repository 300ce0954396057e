import type { Readable } from "node:stream";
import { unpackFile } from "../../repository/pipeline/unpack-file.ts";
import type { ActionContext } from "../contract.ts";
import { rebuiltSnapshot } from "./rebuild.ts";
import type { Part } from "./schemas.ts";
import { openBackup, shardNamed, type Wanted } from "./source.ts";

/** A snapshot as a stream that fails unless it is exactly what was stored. */
export interface Snapshot {
  readonly content: Readable;
  readonly size: number;
}

/** The snapshot of a shard: out of the repository, or made from its append-only file as it was at a moment. */
export async function snapshotOf(
  wanted: Wanted,
  part: Part,
  at: string | null,
  context: ActionContext,
  onProgress: (raw: number) => void,
): Promise<Snapshot> {
  const open = await openBackup(wanted, context);
  const shard = shardNamed(open, part.shard);
  const file = shard.files.find(({ kind }) => kind === "rdb");
  if (!file) return rebuiltSnapshot(open, shard, at, context);
  const { repository, folder, identities } = open;
  const content = await unpackFile(repository.store, folder, file, {
    onProgress: ({ raw }) => onProgress(raw),
    signal: context.signal,
    ...(identities ? { identities } : {}),
  });
  return { content, size: file.size_raw };
}
