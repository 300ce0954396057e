import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Shard } from "../../repository/manifest.ts";
import { unpackFile } from "../../repository/pipeline/unpack-file.ts";
import { findServerProgram } from "../../scratch/find-program.ts";
import { openRoom } from "../../scratch/room.ts";
import type { ScratchServer } from "../../scratch/server.ts";
import { startScratch } from "../../scratch/start.ts";
import { progressOf } from "../backup/packing.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { loadAof } from "./rebuild.ts";
import { type OpenBackup, openBackup } from "./source.ts";

const scratchSchema = z.strictObject({
  shard: z.string(),
  socket: z.string().describe("For redis-cli -s"),
  folder: z.string(),
  pid: z.int().nullable(),
  server: z.string().describe("redis 7.0.15"),
  keys: z.record(z.string(), z.int()).describe("Keys of each database, also those that have expired since"),
  functions: z.array(z.string()),
});

/** Loads a backup into servers of their own on this machine, and leaves them running. */
export const restoreToScratch = defineAction({
  name: "restore.to_scratch",
  summary: "Loads a backup into a server on this machine that nobody else reaches, and leaves it running",
  scope: "controller",
  effect: "change",
  // A server that was started before the crash is left to itself; the next one has a room of its own.
  repeatable: true,
  input: z.strictObject({
    backup: z.string().default("latest").describe("Id of a backup, or latest"),
    from: z.string().nullable().default(null),
    identities: z.array(z.string()).default([]),
    shard: z.string().nullable().default(null).describe("Only this shard of a Cluster"),
    at: z.string().nullable().default(null).describe("A moment, for a backup of an append-only file"),
  }),
  output: z.strictObject({ backup: z.string(), servers: z.array(scratchSchema) }),
  example: `- id: load
  action: restore.to_scratch
  with: { backup: latest }
  undo: none`,
  commands: ({ backup }) => [{ transport: "controller", text: `load backup ${backup} into a server on this machine` }],
  async run({ backup, from, identities, shard, at }, context) {
    const open = await openBackup({ backup, from: from ?? "", identities, at }, context);
    const wanted = open.manifest.shards.filter(({ name }) => shard === null || name === shard);
    if (wanted.length === 0) throw noShard(shard ?? "", open);
    const servers: z.infer<typeof scratchSchema>[] = [];
    for (const each of wanted) servers.push(await describe(each.name, await loadIntoScratch(open, each, at, context)));
    return { outputs: { backup: open.manifest.id, servers }, changed: true };
  },
  /** One that was cut off is not kept: the next one cleans it away. */
  probe: async () => false,
});

/** A server on this machine with a shard of a backup, as it was at a moment; it goes when the run ends, unless it is kept. */
export async function loadIntoScratch(
  open: OpenBackup,
  shard: Shard,
  at: string | null,
  context: ActionContext,
): Promise<ScratchServer> {
  const file = shard.files.find(({ kind }) => kind === "rdb");
  if (!file) return loadAof(open, shard, at, context);
  if (at !== null) throw noMoment(shard.name);
  const engine = { name: shard.server.name, version: shard.server.version };
  const { directory } = context.deployment.engine;
  const format = shard.rdb && { magic: shard.rdb.magic, version: shard.rdb.version };
  const program = await findServerProgram({
    engine,
    ...(format ? { format } : {}),
    ...(directory === undefined ? {} : { directory }),
  });
  const room = await openRoom(file.size_raw);
  context.life.atEnd(() => room.end());
  const content = await unpackFile(open.repository.store, open.folder, file, {
    signal: context.signal,
    onProgress: progressOf(context, "read", file.size_raw),
    ...(open.identities ? { identities: open.identities } : {}),
  });
  await pipeline(content, createWriteStream(room.path("dump.rdb"), { mode: 0o600 }));
  return startScratch(room, {
    kind: "rdb",
    program,
    memory: shard.server.used_memory,
    signal: context.signal,
    onProgress: (done, total) => context.progress("loading", { done, total, unit: "bytes" }),
  });
}

async function describe(shard: string, server: ScratchServer): Promise<z.infer<typeof scratchSchema>> {
  const { keys, functions } = await server.facts();
  const { socket, folder, program, pid } = server;
  await server.keep();
  return {
    shard,
    socket,
    folder,
    pid: pid ?? null,
    server: `${program.name} ${program.version}`,
    keys,
    functions: [...functions],
  };
}

function noShard(name: string, { manifest }: OpenBackup): RedishaError {
  return new RedishaError({
    code: "RESTORE_NO_SHARD",
    message: `Backup ${manifest.id} has no shard ${name}; it has ${manifest.shards.map((each) => each.name).join(", ")}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
  });
}

function noMoment(shard: string): RedishaError {
  return new RedishaError({
    code: "PITR_NO_TIMESTAMPS",
    message: `The backup holds a snapshot of ${shard}, which knows no moment but its own.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["restore it without --at", "redisha backup list"],
  });
}
