import { accessSync, constants, existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { getSystemErrorMessage } from "node:util";
import { messageOf } from "./errors.ts";

/** The name of what the system refused (`EACCES`, `ENOSPC`); undefined for errors that are not the system's. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error ? String(error.code) : undefined;
}

/** What the system refused, in words: `permission denied`. The message of any other error. */
export function inWords(error: unknown): string {
  const code = systemCode(error);
  if (code === "EISDIR") return "it is a folder, not a file";
  if (code === undefined || !(error instanceof Error) || !("errno" in error)) return messageOf(error);
  return getSystemErrorMessage(Number(error.errno)) ?? messageOf(error);
}

/** The path itself, or the nearest folder above it that exists: what `ls -ld` and `df` can be asked about. */
export function nearestExisting(path: string): string {
  let at = resolve(path);
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

/** Why nothing can be written to `path`. Node says of a folder it cannot make that it does not exist: the one above knows. */
export function whyUnwritable(path: string, cause: unknown): string {
  if (systemCode(cause) !== "ENOENT") return inWords(cause);
  try {
    accessSync(nearestExisting(path), constants.W_OK);
    return inWords(cause);
  } catch (error) {
    return inWords(error);
  }
}

/** The text of a regular file. A pipe or a device is refused: it might never end, and is empty for who reads it next. */
export async function readRegularFile(path: string): Promise<string> {
  const there = await stat(path);
  if (!there.isFile() && !there.isDirectory()) throw new Error("it is a pipe, a socket or a device, not a file");
  return readFile(path, "utf8");
}
