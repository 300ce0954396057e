import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";
import { FETCHABLE, fetchEngine } from "./engine-fetch.ts";
import { enginesRoot } from "./paths.ts";
import { findProgram, isExecutable } from "./programs.ts";

/** A server program that a lab can run. It is Sentinel too, when started with --sentinel. */
export interface Engine {
  readonly name: "redis" | "valkey";
  /** As it tells itself, e.g. `7.0.15`. */
  readonly version: string;
  /** Absolute path. */
  readonly server: string;
}

const SERVERS = ["redis-server", "valkey-server"];

/**
 * The engine to run: from a folder (`directory`, or its `bin`), by name from the cache, where it is fetched from
 * Debian on first use, or else from PATH.
 * Fails with ENGINE_UNKNOWN, ENGINE_NOT_FOUND, ENGINE_BROKEN, or what fetching fails with.
 */
export async function findEngine(
  wanted: { name?: string | undefined; directory?: string | undefined },
  report: (line: string) => void,
): Promise<Engine> {
  if (wanted.directory !== undefined) return identify(serverIn(resolve(wanted.directory)));
  if (wanted.name !== undefined) return identify(serverIn(await cachedEngine(wanted.name, report)));
  const server = SERVERS.map(findProgram).find((path) => path !== undefined);
  if (server) return identify(server);
  throw new RedishaError({
    code: "ENGINE_NOT_FOUND",
    message: "neither redis-server nor valkey-server was found in PATH",
    state: "nothing was started",
    next: ["redisha lab up --engine redis-7.0", "apt-get install redis-tools", "redisha lab up --engine-dir DIR"],
  });
}

/** The folder of a named engine in the cache, fetched when it is not there yet. */
export async function cachedEngine(name: string, report: (line: string) => void): Promise<string> {
  const wanted = FETCHABLE.find((each) => each.name === name);
  if (!wanted) {
    const names = FETCHABLE.map((each) => each.name);
    const near = nearest(name, names);
    throw new RedishaError({
      code: "ENGINE_UNKNOWN",
      message: `there is no engine "${name}"${near ? `; did you mean ${near}?` : ""} Known: ${names.join(", ")}`,
      exit: EXIT.usage,
      state: "nothing was touched",
    });
  }
  const folder = join(enginesRoot(), name);
  const complete = await access(join(folder, ".ok")).then(
    () => true,
    () => false,
  );
  if (!complete) await fetchEngine(wanted, enginesRoot(), report);
  return folder;
}

/** True where the engine is at least this version; Valkey began at 7.2 of Redis, so its numbers compare as they are. */
export function isAtLeast(engine: { readonly version: string }, major: number, minor = 0): boolean {
  const [haveMajor = 0, haveMinor = 0] = engine.version.split(".").map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

function serverIn(directory: string): string {
  const candidates = ["", "bin"].flatMap((sub) => SERVERS.map((server) => join(directory, sub, server)));
  const server = candidates.find(isExecutable);
  if (server) return server;
  throw new RedishaError({
    code: "ENGINE_NOT_FOUND",
    message: `there is no redis-server or valkey-server in ${directory}`,
    exit: EXIT.usage,
    state: "nothing was started",
  });
}

async function identify(server: string): Promise<Engine> {
  const said = await promisify(execFile)(server, ["--version"]).then(
    ({ stdout }) => stdout,
    (error: unknown) => messageOf(error),
  );
  const match = /^(Redis|Valkey) server v=(\d+\.\d+\.\d+)/i.exec(said);
  if (match?.[1] && match[2]) {
    return { name: match[1].toLowerCase() === "valkey" ? "valkey" : "redis", version: match[2], server };
  }
  throw new RedishaError({
    code: "ENGINE_BROKEN",
    message: `${server} --version does not say what it is: ${said.trim().split("\n").at(-1) ?? ""}`,
    state: "nothing was started",
  });
}
