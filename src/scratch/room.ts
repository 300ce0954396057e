import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { systemCode, whyUnwritable } from "../core/files.ts";
import { formatBytes } from "../core/units.ts";
import { isAlive, thisProcess } from "../engine/lock/process-identity.ts";
import { endAll, processesIn } from "./processes.ts";

/** Who made a room, and whether the server in it was left running on purpose. */
const ownerSchema = z.object({
  controller: z.string(),
  boot: z.string(),
  pid: z.int(),
  start: z.number(),
  kept: z.boolean(),
});

const OWNER = "owner.json";
/** Names of rooms: whatever else lies in their folder is not ours. */
const ROOM = /^[0-9a-f]{8}$/;

/** A private folder for one scratch server: its data, its socket, its log. Nobody else may look into it. */
export interface ScratchRoom {
  readonly folder: string;
  /** The file or folder of this name in it. */
  path(name: string): string;
  /** Lets the server in it outlive this process; a later sweep removes the room once that server is gone. */
  keep(): Promise<void>;
  /** Ends what runs in it and removes it. */
  remove(): Promise<void>;
  /** The same, unless it was kept. */
  end(): Promise<void>;
}

/** Where rooms are: REDISHA_SCRATCH_DIR, else below /var/tmp: on disk, and short enough for the path of a Unix socket. */
function scratchRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.REDISHA_SCRATCH_DIR) return env.REDISHA_SCRATCH_DIR;
  return join(process.platform === "linux" ? "/var/tmp" : tmpdir(), `redisha-${userInfo().uid}`);
}

/**
 * Makes a room with space for `bytes`, after rooms that killed processes left behind were cleaned away. Fails with
 * SCRATCH_NO_ROOM where there is no place for it, SCRATCH_NOT_PRIVATE where others could look into it.
 */
export async function openRoom(bytes: number, root: string = scratchRoot()): Promise<ScratchRoom> {
  await privateFolder(root);
  await sweepRooms(root);
  const { bavail, bsize } = await statfs(root);
  if (bavail * bsize < bytes) {
    throw noRoom(`${root} has ${formatBytes(bavail * bsize)} free, ${formatBytes(bytes)} are needed`, root);
  }
  const folder = join(root, randomBytes(4).toString("hex"));
  // Whole at every moment: half a line, read by somebody who cleans up, would make this a room that nobody owns.
  const own = async (kept: boolean) => {
    const part = join(folder, `${OWNER}.part`);
    await writeFile(part, JSON.stringify({ ...thisProcess(), kept }), { mode: 0o600 });
    await rename(part, join(folder, OWNER));
  };
  await mkdir(folder, { mode: 0o700 });
  await own(false);
  let kept = false;
  return {
    folder,
    path: (name) => join(folder, name),
    async keep() {
      await own(true);
      kept = true;
    },
    remove: () => clearRoom(folder),
    end: async () => (kept ? undefined : clearRoom(folder)),
  };
}

/** Removes the rooms of processes that are gone, with the servers that they left running. Returns their folders. */
export async function sweepRooms(root: string = scratchRoot()): Promise<string[]> {
  const names = await readdir(root).catch(() => []);
  const left: string[] = [];
  for (const folder of names.filter((name) => ROOM.test(name)).map((name) => join(root, name))) {
    if (!(await isLeft(folder))) continue;
    await clearRoom(folder);
    left.push(folder);
  }
  return left;
}

async function isLeft(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, OWNER), "utf8").catch(() => "");
  const owner = ownerSchema.safeParse(parsed(text));
  // Its maker may be between making the folder and writing who it is, or be just removing it.
  if (!owner.success) return Date.now() - (await changedAt(folder)) > 60_000;
  if (isAlive(owner.data)) return false;
  return !owner.data.kept || processesIn(folder).length === 0;
}

/** When a folder was last changed, in milliseconds since 1970; now, where it is no longer there. */
async function changedAt(folder: string): Promise<number> {
  try {
    return (await lstat(folder)).mtimeMs;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return Date.now();
    throw error;
  }
}

async function clearRoom(folder: string): Promise<void> {
  await endAll(processesIn(folder));
  await rm(folder, { recursive: true, force: true });
}

/** Made by whoever comes first; refused where it is somebody else's, who could put a file or a socket into it. */
async function privateFolder(root: string): Promise<void> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw noRoom(`${root} cannot be made: ${whyUnwritable(root, cause)}`, root);
  }
  const { uid, mode } = await lstat(root);
  const ours = uid === userInfo().uid || userInfo().uid === -1;
  if (ours && (mode & 0o077) === 0) return;
  throw new RedishaError({
    code: "SCRATCH_NOT_PRIVATE",
    message: `${root} ${ours ? "is open to others" : "belongs to somebody else"}, and is no place for a copy of the data.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`ls -ld ${root}`, ...(ours ? [`chmod 700 ${root}`] : []), "set REDISHA_SCRATCH_DIR to a folder of your own"],
  });
}

function noRoom(why: string, root: string): RedishaError {
  return new RedishaError({
    code: "SCRATCH_NO_ROOM",
    message: `There is no room for a scratch server: ${why}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`df -h ${root}`, "set REDISHA_SCRATCH_DIR to a folder with more room"],
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
