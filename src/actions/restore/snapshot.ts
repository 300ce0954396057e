import { Readable } from "node:stream";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
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
  context: ActionContext,
  onProgress: (raw: number) => void,
): Promise<Snapshot> {
  const { at } = wanted;
  const open = await openBackup(wanted, context);
  const shard = shardNamed(open, part.shard);
  const file = shard.files.find(({ kind }) => kind === "rdb");
  if (file && at !== null) throw onlySnapshot(part.shard, at);
  if (!file) return rebuiltSnapshot(open, shard, at, context);
  const { repository, folder, identities } = open;
  const content = await unpackFile(repository.store, folder, file, {
    onProgress: ({ raw }) => onProgress(raw),
    signal: context.signal,
    ...(identities ? { identities } : {}),
  });
  // Read by iteration, which finds an error also where it came before anybody listened.
  return { content: Readable.from(content), size: file.size_raw };
}

/** A snapshot knows no moment but its own. */
function onlySnapshot(shard: string, at: string): RedishaError {
  return new RedishaError({
    code: "PITR_NO_TIMESTAMPS",
    message: `The backup holds a snapshot of ${shard}, and nothing of what was written before or after: it cannot be restored to ${at}.`,
    exit: EXIT.gateRefused,
    state: "nothing was stopped, and no data was touched",
    next: ["restore it without --at", "redisha backup list: backups made with --method aof have a window"],
  });
}
