import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { RedisConnection } from "../connect/types.ts";
import { LOG, type LoadWhat, SOCKET, scratchConf } from "./conf.ts";
import { notLoaded } from "./errors.ts";
import type { ServerProgram } from "./find-program.ts";
import { refuseTooLarge, sacrificeFirst } from "./memory.ts";
import type { ScratchRoom } from "./room.ts";
import { ScratchServer } from "./server.ts";

export interface StartOptions extends LoadWhat {
  readonly program: ServerProgram;
  /** Bytes that the data takes in memory, as the server that had it says; 0 where that is not known. */
  readonly memory: number;
  readonly signal: AbortSignal;
  /** Bytes of the file that are loaded, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const POLL_MS = 20;

/**
 * Starts a server in the room on what lies there, and returns when everything is loaded. Fails with SCRATCH_NO_MEMORY, or
 * with SCRATCH_LOAD_FAILED and what the server said; the room stays for the caller to remove.
 */
export async function startScratch(room: ScratchRoom, options: StartOptions): Promise<ScratchServer> {
  const { program, memory, signal, onProgress } = options;
  await refuseTooLarge(memory);
  await writeFile(room.path("scratch.conf"), scratchConf(room.folder, program, options), { mode: 0o600 });
  const { child, ending } = launch(program.path, room);
  if (child.pid !== undefined) await sacrificeFirst(child.pid);
  try {
    const connection = await loaded(ending, room, signal, onProgress);
    // What an AOF needs to be loaded would make it written, too.
    if (options.kind === "aof") await connection.command(["CONFIG", "SET", "appendonly", "no"]);
    return new ScratchServer(room, program, connection);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/**
 * It outlives this process where it is kept; else the next sweep finds it by its folder. `ending` tells how it ended, once it
 * has: listened for from the start, since one that cannot read its data is gone within milliseconds.
 */
function launch(path: string, room: ScratchRoom): { child: ChildProcess; ending: () => string | undefined } {
  const out = openSync(room.path(LOG), "a", 0o600);
  try {
    const child = spawn(path, [room.path("scratch.conf")], {
      cwd: room.folder,
      detached: true,
      stdio: ["ignore", out, out],
    });
    let ended: string | undefined;
    child.once("error", (error) => {
      ended = error.message;
    });
    // Also with status 0: so ends a server that lacks a module.
    child.once("exit", (code, by) => {
      ended = by === null ? `ended with status ${code}` : `was ended by ${by}`;
    });
    child.unref();
    return { child, ending: () => ended };
  } finally {
    closeSync(out);
  }
}

async function loaded(
  ending: () => string | undefined,
  room: ScratchRoom,
  signal: AbortSignal,
  onProgress: StartOptions["onProgress"],
): Promise<RedisConnection> {
  const { connectRedisSocket } = await import("../connect/redis/connect-socket.ts");
  let connection: RedisConnection | undefined;
  for (;;) {
    signal.throwIfAborted();
    const ended = ending();
    if (ended !== undefined) throw notLoaded(ended, await readFile(room.path(LOG), "utf8").catch(() => ""));
    connection ??= await connectRedisSocket(room.path(SOCKET)).catch(() => undefined);
    const info = await connection?.command(["INFO", "persistence"]).catch(() => undefined);
    if (typeof info === "string" && connection) {
      if (/^loading:0\r?$/m.test(info)) return connection;
      const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
      onProgress?.(number("loading_loaded_bytes"), number("loading_total_bytes"));
    } else {
      connection?.close();
      connection = undefined;
    }
    await sleep(POLL_MS);
  }
}
