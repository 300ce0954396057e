import { execFile } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { enginesRoot } from "../lab/paths.ts";
import { canLoad, type EngineVersion, type RdbFormat } from "../restore/rdb-compatibility.ts";
import { compareVersions } from "../runbook/versions.ts";

/** A server program on this machine. */
export interface ServerProgram extends EngineVersion {
  /** Absolute path of redis-server or valkey-server. */
  readonly path: string;
}

export interface Wanted {
  /** The engine and version that wrote the file, or is to load it: the nearest one is taken. */
  readonly engine: EngineVersion;
  /** What the file's header says: only what can read it comes into question. */
  readonly format?: RdbFormat;
  /** Looked into first: the `directory` of the engine in redisha.yaml. */
  readonly directory?: string;
}

const NAMES = ["redis-server", "valkey-server"];

/**
 * The server program of this machine that is nearest to what is wanted: the same engine and version, else the same
 * release, else the oldest that can read the file. Looked for in the engine's directory, in PATH, and among the engines
 * that labs have fetched. Fails with SCRATCH_NO_SERVER.
 */
export async function findServerProgram(wanted: Wanted): Promise<ServerProgram> {
  const all = (await Promise.all(candidates(wanted.directory).map(identify))).filter((each) => each !== undefined);
  const able = all.filter((each) => !wanted.format || canLoad(wanted.format, each).ok);
  const [best] = able.sort(
    (a, b) => distance(a, wanted) - distance(b, wanted) || compareVersions(a.version, b.version),
  );
  if (best) return best;
  throw noServer(wanted, all);
}

function candidates(directory: string | undefined): string[] {
  const fetched = list(enginesRoot()).map((name) => join(enginesRoot(), name, "bin"));
  const own = directory === undefined ? [] : [directory, join(directory, "bin")];
  const path = (process.env.PATH ?? "").split(delimiter).filter((each) => each !== "");
  const folders = [...own, ...path, "/usr/bin", "/usr/local/bin", ...fetched];
  return [...new Set(folders.flatMap((folder) => NAMES.map((name) => join(folder, name))))].filter(isExecutable);
}

/** What a program says that it is; undefined where it does not say, or does not run. */
async function identify(path: string): Promise<ServerProgram | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 10_000 });
    const match = /^(Redis|Valkey) server v=(\d+\.\d+\.\d+)/i.exec(stdout);
    return match?.[1] && match[2] ? { path, name: match[1].toLowerCase(), version: match[2] } : undefined;
  } catch {
    return undefined;
  }
}

/** 0: the same version; 1: the same release; 2: the same engine; 3: another one. */
function distance(program: EngineVersion, { engine }: Wanted): number {
  if (program.name !== engine.name) return 3;
  if (program.version === engine.version) return 0;
  return release(program.version) === release(engine.version) ? 1 : 2;
}

function release(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function noServer({ engine, format }: Wanted, all: readonly ServerProgram[]): RedishaError {
  const what = format ? `the ${format.magic} format ${format.version}` : `data of ${engine.name} ${engine.version}`;
  const seen = all.map(({ name, version }) => `${name} ${version}`).join(", ");
  return new RedishaError({
    code: "SCRATCH_NO_SERVER",
    message: `No server program on this machine reads ${what}${seen ? `; there is ${seen}` : ""}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      `install ${engine.name} ${release(engine.version)} here; it need not run`,
      "put the folder of its programs into PATH",
    ],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
