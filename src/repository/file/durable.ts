import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "../../core/files.ts";

/** Backups hold data and passwords: nobody else reads them. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Flushes a folder: a name in it is on the disk only after this. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes a folder and those above it, each flushed into the one that holds it. Step by step: Node's own `recursive` never
 * ends where a folder that is there says that nothing can be made in it because it is not, as those of /proc do.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await made(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await made(path);
  }
}

async function made(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    if (!(await stat(path)).isDirectory()) throw error;
    return;
  }
  await syncFolder(dirname(path));
}

/** Creates a file that must not be there, for writing. */
export async function createFile(path: string): Promise<FileHandle> {
  return await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
}

/**
 * Gives a finished file its name unless the name is taken: false then. A rename would overwrite; a second link does not.
 * Where the file system has no links, the name is claimed with an empty file first, which the rename replaces.
 */
export async function place(partial: string, target: string): Promise<boolean> {
  try {
    await link(partial, target);
    await unlink(partial);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") throw error;
    if (!(await claim(target))) return false;
    await rename(partial, target);
  }
  await syncFolder(dirname(target));
  return true;
}

async function claim(target: string): Promise<boolean> {
  try {
    await (await createFile(target)).close();
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Gives a finished file its name, in place of what has it. */
export async function putInPlace(partial: string, target: string): Promise<void> {
  await rename(partial, target);
  await syncFolder(dirname(target));
}

/** The path of a key below a root; keys never lead out of it. */
export function pathOf(root: string, key: string): string {
  if (key.split("/").some((part) => part === "..") || key.startsWith("/")) throw new RangeError(`${key} is no key`);
  return join(root, key);
}
