import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { packagePath } from "../core/package-root.ts";

const NAME = "redisha.yaml";
const OTHERS_MAY_WRITE = 0o002;

export interface WhereToLook {
  /** What `--file` says. */
  readonly file?: string | undefined;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The absolute path of the redisha.yaml to use: `--file`, else REDISHA_FILE, else the nearest one from the working
 * directory upwards, else the user's (XDG_CONFIG_HOME), else /etc/redisha's. A path that is named is not checked here.
 * Fails with INVENTORY_NOT_FOUND, or INVENTORY_UNTRUSTED where what was found belongs to somebody else.
 */
export async function findInventory({ file, cwd, env }: WhereToLook): Promise<string> {
  const named = file || env.REDISHA_FILE;
  if (named) return resolve(cwd, named);
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config");
  const elsewhere = [join(config, "redisha", NAME), join("/etc/redisha", NAME)];
  for (const candidate of [...upwards(cwd), ...elsewhere]) {
    const stats = await stat(candidate).catch(() => undefined);
    if (!stats?.isFile()) continue;
    if (stats.mode & OTHERS_MAY_WRITE || !isOurs(stats.uid)) throw untrusted(candidate);
    return candidate;
  }
  throw new RedishaError({
    code: "INVENTORY_NOT_FOUND",
    message: `no redisha.yaml: not in ${resolve(cwd)} or any directory above it, and neither ${elsewhere.join(" nor ")} exists`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      "redisha lab up, for a whole deployment of your own on this machine",
      `or write ${join(resolve(cwd), NAME)}, for a start:\n${example()}`,
      "or name one that you have: --file PATH, or REDISHA_FILE",
    ],
  });
}

function upwards(cwd: string): string[] {
  const directories = [resolve(cwd)];
  for (let at = resolve(cwd); dirname(at) !== at; at = dirname(at)) directories.push(dirname(at));
  return directories.map((directory) => join(directory, NAME));
}

function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.();
}

/** The file may name commands to run: one that was merely come across must not have been put there by another user. */
function untrusted(file: string): RedishaError {
  return new RedishaError({
    code: "INVENTORY_UNTRUSTED",
    message: `${file} belongs to another user, or every user can change it; it was found, not asked for, and is not used`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`ls -l ${file}`, `redisha … --file ${file}, if it is the one you want`],
  });
}

/** The smallest redisha.yaml that works. */
function example(): string {
  return readFileSync(packagePath("templates", NAME), "utf8").trimEnd();
}
