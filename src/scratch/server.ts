import { stat } from "node:fs/promises";
import type { RedisConnection, RedisReply } from "../connect/types.ts";
import { RedishaError } from "../core/errors.ts";
import { LOG, SOCKET } from "./conf.ts";
import type { ServerProgram } from "./find-program.ts";
import { processesIn } from "./processes.ts";
import type { ScratchRoom } from "./room.ts";

/** What a scratch server holds. */
export interface ScratchFacts {
  /** Keys of each database that has any, by its number, also those that have expired since. */
  readonly keys: Readonly<Record<string, number>>;
  /** Of these, keys that expire. */
  readonly expires: Readonly<Record<string, number>>;
  /** Names of function libraries; empty before 7.0. */
  readonly functions: readonly string[];
  /** Bytes. */
  readonly used_memory: number;
}

/** A DIGEST of gigabytes takes its time. */
const SLOW_MS = 3_600_000;

/** A server that has loaded everything, answers on a socket of this machine, and writes nothing. */
export class ScratchServer {
  readonly program: ServerProgram;
  readonly #room: ScratchRoom;
  readonly #connection: RedisConnection;

  constructor(room: ScratchRoom, program: ServerProgram, connection: RedisConnection) {
    this.#room = room;
    this.program = program;
    this.#connection = connection;
  }

  get folder(): string {
    return this.#room.folder;
  }

  /** For `redis-cli -s`. */
  get socket(): string {
    return this.#room.path(SOCKET);
  }

  get log(): string {
    return this.#room.path(LOG);
  }

  get pid(): number | undefined {
    return processesIn(this.folder)[0];
  }

  command(argv: readonly string[]): Promise<RedisReply> {
    return this.#connection.command(argv, { timeoutMs: SLOW_MS });
  }

  async facts(): Promise<ScratchFacts> {
    const keyspace = String(await this.command(["INFO", "keyspace"]));
    const memory = String(await this.command(["INFO", "memory"]));
    const databases = [...keyspace.matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)];
    const column = (index: number) => Object.fromEntries(databases.map((row) => [row[1] ?? "", Number(row[index])]));
    return {
      keys: column(2),
      expires: column(3),
      functions: await this.#functions(),
      used_memory: Number(/^used_memory:(\d+)/m.exec(memory)?.[1] ?? 0),
    };
  }

  /** One number for all keys, values and expiry times of all databases (DEBUG DIGEST). Compare it only within one engine. */
  async digest(): Promise<string> {
    return String(await this.command(["DEBUG", "DIGEST"]));
  }

  /** Writes what it holds to an RDB file of this server's version, and gives its path. Expired keys are in it. */
  async save(): Promise<string> {
    await this.command(["SAVE"]);
    const path = this.#room.path("dump.rdb");
    await stat(path);
    return path;
  }

  /** Leaves it running when this process ends. */
  async keep(): Promise<void> {
    await this.#room.keep();
    this.#connection.close();
  }

  /** Ends it and removes everything. */
  async stop(): Promise<void> {
    // Where there is no /proc to find it by its folder, this is how it ends.
    await this.#connection.command(["SHUTDOWN", "NOSAVE"], { timeoutMs: 5_000 }).catch(() => undefined);
    this.#connection.close();
    await this.#room.remove();
  }

  async #functions(): Promise<string[]> {
    try {
      const reply = await this.command(["FUNCTION", "LIST"]);
      return (Array.isArray(reply) ? reply : []).map(nameOf).sort();
    } catch (error) {
      if (error instanceof RedishaError && error.code.startsWith("REDIS_")) return [];
      throw error;
    }
  }
}

/** `library_name` of a flat list of pairs. */
function nameOf(library: RedisReply): string {
  const flat = Array.isArray(library) ? library : [];
  return String(flat[flat.indexOf("library_name") + 1] ?? "");
}
