import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RedishaError } from "../../core/errors.ts";
import type { Deployment } from "../../inventory/model.ts";
import type { AgeIdentities } from "../../repository/age/identities.ts";
import { backupFolder } from "../../repository/layout.ts";
import type { Manifest, Shard, StoredFile, Verification } from "../../repository/manifest.ts";
import { unpackFile } from "../../repository/pipeline/unpack-file.ts";
import type { Repository } from "../../repository/repository.ts";
import { findServerProgram, type ServerProgram } from "../../scratch/find-program.ts";
import { openRoom } from "../../scratch/room.ts";
import { startScratch } from "../../scratch/start.ts";
import { damageOf } from "./damage.ts";
import { CHECKSUM_ALONE, readRdb } from "./read-rdb.ts";

/** What a look at a backup, or at a followed append-only file, found. */
export interface Verified {
  /** Of the backup; of what is followed its folder: `main/20261120T153000Z-1a2b3c`. */
  readonly id: string;
  readonly ok: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly keys: number | null;
  readonly checked_by: string | null;
  readonly duration_ms: number;
  readonly problems: readonly string[];
}

/** With what a backup is looked at. */
export interface Look {
  readonly deployment: Deployment;
  readonly repository: Repository;
  readonly level: Verification["level"];
  readonly identities: AgeIdentities | undefined;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface Inside {
  /** Keys of all shards; null where nobody counted. */
  readonly keys: number | null;
  /** The programs that read them. */
  readonly program: string | null;
  readonly problems: readonly string[];
  /** Names of the files that were read whole on the way. */
  readonly read: readonly string[];
}

interface ShardLook {
  readonly keys: number | null;
  readonly program: string | null;
  readonly problems: readonly string[];
}

/** Reads the plain data of every shard: by the checking program of its version, or by loading it into a server. */
export async function lookInside(manifest: Manifest, look: Look): Promise<Inside> {
  const looks: ShardLook[] = [];
  const read: string[] = [];
  for (const shard of manifest.shards) {
    look.progress(`${manifest.id}: shard ${shard.name}`);
    try {
      const one = look.level === "restore" ? await load(manifest, shard, look) : await check(manifest, shard, look);
      looks.push({ ...one, problems: one.problems.map((problem) => `shard ${shard.name}: ${problem}`) });
      read.push(...shard.files.map(({ name }) => name));
    } catch (error) {
      looks.push({ keys: null, program: null, problems: [damageOf(error, look.signal)] });
      // That one of its files is bad says nothing of the others: they are read on their own.
      const named = error instanceof RedishaError ? shard.files.filter(({ name }) => error.message.includes(name)) : [];
      read.push(...named.map(({ name }) => name));
    }
  }
  const counts = looks.map(({ keys }) => keys);
  const programs = new Set(looks.flatMap(({ program }) => program ?? []));
  return {
    keys: counts.includes(null) ? null : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    program: programs.size === 0 ? null : [...programs].join(", "),
    problems: looks.flatMap(({ problems }) => problems),
    read,
  };
}

/** Snapshots through the checking program; of append-only files, the bytes. */
async function check(manifest: Manifest, shard: Shard, look: Look): Promise<ShardLook> {
  const program = await programFor(shard, look.deployment).catch(() => undefined);
  const problems: string[] = [];
  let keys: number | null = null;
  for (const file of shard.files) {
    const content = await plain(manifest, file, look);
    if (file.kind !== "rdb") for await (const _ of content) look.signal.throwIfAborted();
    else {
      const found = await readRdb(content, program);
      keys = found.keys;
      problems.push(...found.problems, ...disagreement(shard, found.keys));
    }
  }
  return { keys, program: program ? `${program.name} ${program.version}` : CHECKSUM_ALONE, problems };
}

/** More than the file itself: the log, and what a server writes of its own accord. */
export const BESIDE_BYTES = 16 * 1024 * 1024;

/** Loads a shard into a server that follows nobody, and counts. */
async function load(manifest: Manifest, shard: Shard, look: Look): Promise<ShardLook> {
  const program = await programFor(shard, look.deployment);
  const size = shard.files.reduce((sum, { size_raw }) => sum + size_raw, 0);
  const room = await openRoom(size + BESIDE_BYTES);
  try {
    const kind = shard.files.some(({ kind: each }) => each === "rdb") ? "rdb" : "aof";
    for (const file of shard.files) {
      const path = room.path(kind === "rdb" ? "dump.rdb" : placeOf(file, shard));
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await pipeline(await plain(manifest, file, look), createWriteStream(path, { mode: 0o600 }));
    }
    const server = await startScratch(room, {
      program,
      kind,
      ...(kind === "aof" ? { tailMayBeCut: true } : {}),
      memory: shard.server.used_memory,
      signal: look.signal,
      onProgress: (done, total) =>
        look.progress(`${manifest.id}: shard ${shard.name} loading ${Math.floor((100 * done) / Math.max(1, total))}%`),
    });
    try {
      const { keys } = await server.facts();
      const count = Object.values(keys).reduce((sum, each) => sum + each, 0);
      return { keys: count, program: `${program.name} ${program.version}`, problems: disagreement(shard, count) };
    } finally {
      await server.stop();
    }
  } finally {
    await room.remove();
  }
}

/** Where a server looks for a file of its append-only set: the name of the file, without the endings of ours. */
function placeOf({ name }: StoredFile, { files }: Shard): string {
  const file = basename(name).replace(/(\.zst)?(\.age)?$/, "");
  return files.some(({ kind }) => kind === "aof-manifest") ? `appendonlydir/${file}` : file;
}

function disagreement({ keys }: Shard, count: number | null): string[] {
  if (!keys || count === null || keys.read === count) return [];
  return [`${count} keys were counted, and ${keys.read} when it was made`];
}

/** The server of this machine that reads what a shard holds. */
export function programFor(
  { server, rdb }: Pick<Shard, "server" | "rdb">,
  { engine }: Deployment,
): Promise<ServerProgram> {
  return findServerProgram({
    engine: { name: server.name, version: server.version },
    ...(rdb ? { format: { magic: rdb.magic, version: rdb.version } } : {}),
    ...(engine.directory === undefined ? {} : { directory: engine.directory }),
  });
}

function plain(manifest: Manifest, file: StoredFile, { repository, identities, signal }: Look): Promise<Readable> {
  return unpackFile(repository.store, backupFolder(repository.deployment, manifest.id), file, {
    signal,
    ...(identities ? { identities } : {}),
  });
}
