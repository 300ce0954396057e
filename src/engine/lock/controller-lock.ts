import { randomBytes } from "node:crypto";
import { link, mkdir, readdir, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf, RedishaError } from "../../core/errors.ts";
import type { Deployment } from "../../inventory/model.ts";
import { controllerLockFile, controllerLockFolder } from "./lock-name.ts";
import { isAlive, type ProcessIdentity, thisProcess } from "./process-identity.ts";

/** Who holds a lock on this machine. */
export interface ControllerOwner extends ProcessIdentity {
  readonly run: string;
  readonly user: string;
  readonly since: string;
}

/** A lock file as it stands there. */
export interface ControllerEntry {
  readonly host: string;
  readonly path: string;
  /** Undefined where the file cannot be read as one of ours. */
  readonly owner: ControllerOwner | undefined;
  readonly live: boolean;
}

/**
 * The lock of this machine: a file per host of the deployment, where two runs on one laptop meet first. A file whose
 * process is dead is taken over.
 */
export class ControllerLock {
  readonly #paths: readonly string[];
  readonly #content: string;

  private constructor(paths: readonly string[], content: string) {
    this.#paths = paths;
    this.#content = content;
  }

  /** All or nothing. Returns who has it where a living process does. Fails with LOCK_UNWRITABLE. */
  static async take(
    stateDirectory: string,
    deployment: Deployment,
    hosts: readonly string[],
    who: { run: string; user: string },
  ): Promise<ControllerLock | ControllerOwner> {
    const folder = join(stateDirectory, "locks", controllerLockFolder(deployment));
    const owner: ControllerOwner = { ...who, ...thisProcess(), since: new Date().toISOString() };
    const content = `${JSON.stringify({ ...owner, token: randomBytes(8).toString("hex") })}\n`;
    const taken: string[] = [];
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const host of [...hosts].sort()) {
        const path = join(folder, controllerLockFile(host));
        const other = await acquire(path, content);
        if (other) {
          await removeAll(taken, content);
          return other;
        }
        taken.push(path);
      }
    } catch (error) {
      await removeAll(taken, content);
      throw unwritable(folder, error);
    }
    return new ControllerLock(taken, content);
  }

  async isOurs(): Promise<boolean> {
    const contents = await Promise.all(this.#paths.map((path) => readFile(path, "utf8").catch(() => undefined)));
    return contents.every((content) => content === this.#content);
  }

  async release(): Promise<void> {
    await removeAll(this.#paths, this.#content);
  }
}

/** Every lock file of a deployment on this machine. */
export async function controllerEntries(stateDirectory: string, deployment: Deployment): Promise<ControllerEntry[]> {
  const folder = join(stateDirectory, "locks", controllerLockFolder(deployment));
  const present = new Set(await readdir(folder).catch(() => []));
  const found = deployment.hosts.filter(({ name }) => present.has(controllerLockFile(name)));
  return Promise.all(
    found.map(async ({ name }) => {
      const path = join(folder, controllerLockFile(name));
      const owner = ownerOf(await readFile(path, "utf8").catch(() => ""));
      return { host: name, path, owner, live: owner !== undefined && isAlive(owner) };
    }),
  );
}

/** Removes a lock file by order of the operator. */
export async function removeControllerEntry({ path }: ControllerEntry): Promise<void> {
  await rm(path, { force: true });
}

/** Undefined once the file is there with our content; else who has it. */
async function acquire(path: string, content: string): Promise<ControllerOwner | undefined> {
  while (!(await create(path, content))) {
    const present = await readFile(path, "utf8").catch(() => undefined);
    if (present === undefined) continue;
    const owner = ownerOf(present);
    if (owner && isAlive(owner)) return owner;
    await removeDead(path, present, content);
  }
  return undefined;
}

/**
 * Removes a dead process' file. Only whoever holds the claim beside it may: otherwise the second of two that found it dead
 * could remove the file that the first has made in the meantime. A claim is itself such a lock, and may be left behind.
 */
async function removeDead(path: string, dead: string, content: string): Promise<void> {
  const claim = `${path}.claim`;
  if (await acquire(claim, content)) {
    await delay(5);
    return;
  }
  try {
    if ((await readFile(path, "utf8").catch(() => undefined)) === dead) await unlink(path);
  } finally {
    await unlink(claim);
  }
}

/** Whole or not at all: a hard link fails where there is a file already, and what it links to is written by then. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, content, { flag: "wx", mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function removeAll(paths: readonly string[], content: string): Promise<void> {
  for (const path of paths) {
    const present = await readFile(path, "utf8").catch(() => undefined);
    if (present === content) await rm(path, { force: true }).catch(() => undefined);
  }
}

function ownerOf(text: string): ControllerOwner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { run, user, since, controller, boot, pid, start } = value as Record<string, unknown>;
  if (typeof run !== "string" || typeof user !== "string" || typeof since !== "string") return undefined;
  if (typeof controller !== "string" || typeof boot !== "string") return undefined;
  if (typeof pid !== "number" || typeof start !== "number") return undefined;
  return { run, user, since, controller, boot, pid, start };
}

function unwritable(folder: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "LOCK_UNWRITABLE",
    message: `The lock of this machine cannot be made in ${folder}: ${messageOf(cause)}`,
    state: "nothing was touched",
    next: [`ls -ld ${folder}`, "REDISHA_STATE_DIR=/another/place redisha …"],
    cause,
  });
}
