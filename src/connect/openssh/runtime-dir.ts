import { mkdtempSync, rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ssh } from "./ssh.ts";

const PREFIX = "redisha-ssh-";

/**
 * A socket's path may have 104 bytes (sun_path of the BSDs and macOS, the shortest), and while it makes one, ssh adds 17
 * characters to the name.
 */
const LONGEST_DIRECTORY = 104 - 17 - "/m9999\0".length;

/** Control socket, log and configuration of one connection. */
export interface ConnectionPaths {
  readonly socket: string;
  readonly log: string;
  readonly config: string;
}

let directory: string | undefined;
let names = 0;
const inUse = new Set<ConnectionPaths>();

/** Names for the files of one connection, in a folder that only this user can enter. */
export function connectionPaths(): ConnectionPaths {
  if (directory === undefined) {
    directory = mkdtempSync(join(shortTemporary(), `${PREFIX}${process.pid}-`));
    const own = directory;
    process.once("exit", () => rmSync(own, { recursive: true, force: true }));
  }
  names += 1;
  const paths = {
    socket: join(directory, `m${names}`),
    log: join(directory, `l${names}`),
    config: join(directory, `c${names}`),
  };
  inUse.add(paths);
  return paths;
}

/** Removes the files of a connection that has ended; with those of the last one goes the folder. */
export async function removePaths(paths: ConnectionPaths): Promise<void> {
  inUse.delete(paths);
  const unused = inUse.size === 0 ? directory : undefined;
  if (unused) directory = undefined;
  const doomed = unused ? [unused] : Object.values(paths);
  await Promise.all(doomed.map((path: string) => rm(path, { recursive: true, force: true })));
}

/** Ends connections that a killed redisha left behind, and removes their folders. */
export async function sweepStale(): Promise<void> {
  const parent = shortTemporary();
  const found = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(PREFIX));
  await Promise.all(found.map((name) => sweep(join(parent, name), Number(name.slice(PREFIX.length).split("-")[0]))));
}

async function sweep(folder: string, pid: number): Promise<void> {
  const stats = await lstat(folder).catch(() => undefined);
  if (!stats?.isDirectory() || stats.uid !== process.getuid?.() || !Number.isInteger(pid) || isAlive(pid)) return;
  const sockets = (await readdir(folder).catch(() => [])).filter((name) => /^m\d+$/.test(name));
  await Promise.all(sockets.map((name) => ssh(["-F", "none", "-S", join(folder, name), "-O", "exit", "stale"])));
  await rm(folder, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function shortTemporary(): string {
  const own = tmpdir();
  return join(own, `${PREFIX}9999999-xxxxxx`).length <= LONGEST_DIRECTORY ? own : "/tmp";
}
