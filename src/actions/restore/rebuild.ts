import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open as openFile, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HEADER_BYTES, readRdbHeader } from "../../backup/rdb-header.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { RunSlot } from "../../engine/run-life.ts";
import type { Shard, StoredFile } from "../../repository/manifest.ts";
import { unpackFile } from "../../repository/pipeline/unpack-file.ts";
import { printAofManifest } from "../../restore/aof-manifest.ts";
import { AofScanner, type AofTimes } from "../../restore/aof-scanner.ts";
import { parseMoment } from "../../restore/moment.ts";
import { refuseUnprovable } from "../../restore/window.ts";
import { findServerProgram } from "../../scratch/find-program.ts";
import { openRoom, type ScratchRoom } from "../../scratch/room.ts";
import type { ScratchServer } from "../../scratch/server.ts";
import { startScratch } from "../../scratch/start.ts";
import type { ActionContext } from "../contract.ts";
import type { Snapshot } from "./snapshot.ts";
import type { OpenBackup } from "./source.ts";

interface Rebuilt {
  readonly path: string;
  readonly size: number;
}

/** What was rebuilt in this process, by shard: primary and replicas get the same. */
const slot = new RunSlot<Map<string, Promise<Rebuilt>>>();

/**
 * A snapshot made from an append-only file: loaded into a scratch server on this machine, as it was at a moment or as a
 * whole, and saved from there. What follows is the same as for any snapshot, and what does not load never gets there.
 */
export async function rebuiltSnapshot(
  open: OpenBackup,
  shard: Shard,
  at: string | null,
  context: ActionContext,
): Promise<Snapshot> {
  const known = slot.of(context.life) ?? new Map<string, Promise<Rebuilt>>();
  slot.put(context.life, known);
  const making = known.get(shard.name) ?? rebuild(open, shard, at, context);
  known.set(shard.name, making);
  const { path, size } = await making;
  return { content: createReadStream(path), size };
}

async function rebuild(open: OpenBackup, shard: Shard, at: string | null, context: ActionContext): Promise<Rebuilt> {
  const server = await loadAof(open, shard, at, context);
  context.progress("saving it as a snapshot");
  const path = await server.save();
  return { path, size: (await stat(path)).size };
}

/** A scratch server with the append-only file of a shard, as it was at a moment; it goes when the run ends, unless it is kept. */
export async function loadAof(
  open: OpenBackup,
  shard: Shard,
  at: string | null,
  context: Pick<ActionContext, "life" | "signal" | "progress" | "deployment">,
): Promise<ScratchServer> {
  const until = at === null ? undefined : parseMoment(at);
  const room = await openRoom(shard.files.reduce((sum, { size_raw }) => sum + size_raw, 0) + shard.server.used_memory);
  context.life.atEnd(() => room.end());
  const engine = { name: shard.server.name, version: shard.server.version };
  const { directory } = context.deployment.engine;
  const program = await findServerProgram({ engine, ...(directory === undefined ? {} : { directory }) });
  await fetchAof(open, shard, until, room, context);
  return startScratch(room, {
    kind: "aof",
    // Cut at a moment it ends with a whole command; else the server may have been writing while it was copied.
    tailMayBeCut: until === undefined,
    program,
    memory: shard.server.used_memory,
    signal: context.signal,
    onProgress: (done, total) => context.progress("loading it into a scratch server", { done, total, unit: "bytes" }),
  });
}

/** Where the parts of an append-only file lie, and what opens them. */
type Parts = Pick<OpenBackup, "repository" | "folder" | "identities" | "provenTo">;

/** Brings the parts into the room and holds them against the moment. Fails with PITR_… */
export async function fetchAof(
  open: Parts,
  shard: Shard,
  until: number | undefined,
  room: ScratchRoom,
  context: Pick<ActionContext, "signal" | "progress">,
): Promise<void> {
  const base = shard.files.find(({ kind }) => kind === "aof-base");
  const increments = shard.files
    .filter(({ kind }) => kind === "aof-incr")
    .sort((a, b) => seqOf(a) - seqOf(b) || (a.name < b.name ? -1 : 1));
  if (!base || isSingle(base)) {
    const single = base ?? increments[0];
    if (!single || until !== undefined) throw noParts(shard.name, until !== undefined);
    await fetchFile(open, single, room.path("appendonly.aof"), context);
    return;
  }
  const byNumber = [...Map.groupBy(increments, seqOf)];
  const followed = open.provenTo !== undefined;
  // Of a followed file it was seen which increment the server loads after which.
  if (!followed)
    refuseGaps(
      shard.name,
      byNumber.map(([number]) => number),
    );
  await mkdir(room.path("appendonlydir"), { mode: 0o700 });
  const place = (file: StoredFile) => room.path(`appendonlydir/${plainName(file)}`);
  await fetchFile(open, base, place(base), context);
  const used: { name: string; seq: number; type: "i" }[] = [];
  const times: AofTimes[] = [];
  for (const [seq, files] of byNumber) {
    const scanner = new AofScanner(until);
    const name = `appendonly.aof.${seq}.incr.aof`;
    const target = createWriteStream(room.path(`appendonlydir/${name}`), { mode: 0o600 });
    await pipeline(Readable.from(contentOf(open, files, context)), scanner, target);
    used.push({ name, seq, type: "i" });
    times.push(scanner.times);
    // What follows an annotation behind the moment is behind it, too.
    if (scanner.times.next !== null) break;
  }
  if (until !== undefined) {
    const provenTo = open.provenTo?.get(shard.name) ?? null;
    refuseUnprovable({ baseCreated: await createdAt(place(base)), increments: times, provenTo }, until);
  }
  const parts = [{ name: plainName(base), seq: seqOf(base), type: "b" as const }, ...used];
  await writeFile(room.path("appendonlydir/appendonly.aof.manifest"), printAofManifest(parts), { mode: 0o600 });
}

/** The bytes of an increment: one file, or the pieces that it was stored in. */
async function* contentOf(
  { repository, folder, identities }: Parts,
  files: readonly StoredFile[],
  { signal, progress }: Pick<ActionContext, "signal" | "progress">,
): AsyncGenerator<Buffer> {
  const total = files.reduce((sum, { size_raw }) => sum + size_raw, 0);
  let before = 0;
  for (const file of files) {
    const content = await unpackFile(repository.store, folder, file, {
      signal,
      onProgress: ({ raw }) => progress(`fetching ${plainName(file)}`, { done: before + raw, total, unit: "bytes" }),
      ...(identities ? { identities } : {}),
    });
    yield* content;
    before += file.size_raw;
  }
}

async function fetchFile(
  open: Parts,
  file: StoredFile,
  path: string,
  context: Pick<ActionContext, "signal" | "progress">,
): Promise<void> {
  await pipeline(Readable.from(contentOf(open, [file], context)), createWriteStream(path, { mode: 0o600 }));
}

/** When the base was made, in Unix seconds, by its own header; null for one of commands, which does not say. */
async function createdAt(path: string): Promise<number | null> {
  const file = await openFile(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const created = Number(readRdbHeader(buffer.subarray(0, bytesRead))?.aux.ctime);
    return Number.isSafeInteger(created) && created > 0 ? created : null;
  } finally {
    await file.close();
  }
}

/** `appendonly.aof.1.incr.aof` of `shards/main/aof/appendonly.aof.1.incr.aof.zst.age`. */
function plainName({ name }: StoredFile): string {
  return basename(name)
    .replace(/\.age$/, "")
    .replace(/\.zst$/, "");
}

/** Pieces of a followed increment are called by its number and their offset. */
function seqOf(file: StoredFile): number {
  const name = plainName(file);
  return Number((/\.(\d+)\.(?:base|incr)\./.exec(name) ?? /^(\d+)-\d+$/.exec(name))?.[1] ?? 0);
}

/** Before 7.0 the append-only file is one. */
function isSingle(file: StoredFile): boolean {
  return !/\.\d+\.base\.(rdb|aof)$/.test(plainName(file));
}

function refuseGaps(shard: string, seqs: readonly number[]): void {
  const gap = seqs.find((seq, index) => index > 0 && seq !== (seqs[index - 1] ?? 0) + 1);
  if (gap === undefined) return;
  throw new RedishaError({
    code: "PITR_GAP",
    message: `The increments of ${shard} are not all there: number ${gap} does not follow the one before it.`,
    exit: EXIT.verificationFailed,
    state: "nothing was changed",
    next: ["redisha backup list"],
  });
}

function noParts(shard: string, moment: boolean): RedishaError {
  return new RedishaError({
    code: "PITR_NO_TIMESTAMPS",
    message: moment
      ? `${shard} was not backed up with a multi-part append-only file: no moment in it can be told from another.`
      : `${shard} has neither a snapshot nor an append-only file.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["restore it without --at", "for the backups to come: redisha backup --method aof, on 7.0 or later"],
  });
}
