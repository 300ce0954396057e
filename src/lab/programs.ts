import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { RedishaError } from "../core/errors.ts";
import { labEnvironment } from "./processes.ts";

const execFileAsync = promisify(execFile);

/** Where sshd lives, on machines that leave it out of an ordinary user's PATH. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Absolute path of a program; undefined where the machine has none. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Like findProgram; fails with LAB_PROGRAM_MISSING, naming the package that brings it. */
export function needProgram(name: string, what: string, debianPackage: string, without?: string): string {
  const path = findProgram(name);
  if (path) return path;
  throw new RedishaError({
    code: "LAB_PROGRAM_MISSING",
    message: `${name} is needed for ${what} and was not found`,
    state: "nothing was started",
    next: [`apt-get install ${debianPackage}`, ...(without ? [without] : [])],
  });
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Runs a program of the lab's set-up to its end; fails with LAB_PROGRAM_FAILED and its last words. */
export async function runProgram(argv: readonly [string, ...string[]], folder: string): Promise<string> {
  const [program, ...args] = argv;
  try {
    const { stdout } = await execFileAsync(program, args, { cwd: folder, env: labEnvironment(folder) });
    return stdout;
  } catch (error) {
    const words = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new RedishaError({
      code: "LAB_PROGRAM_FAILED",
      message: `${program} failed: ${words.split("\n").slice(-3).join("; ")}`,
      cause: error,
    });
  }
}
