import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { systemCode } from "../core/files.ts";
import { startTimeOf } from "./processes.ts";
import { labUnwritable } from "./unwritable.ts";

/** A lock file that is empty for longer than this was left by a process that died between creating and filling it. */
const FILLED_WITHIN_MS = 2_000;

/**
 * Runs `body` while nobody else works on the same lab. The lock is a file that names its holder by pid and start time,
 * so that one left by a killed process is known to be stale and taken over.
 * Fails with LAB_BUSY (exit 5) where a living process holds it, with LAB_UNWRITABLE where the lock cannot be made.
 */
export async function withLabLock<T>(path: string, doing: string, body: () => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${startTimeOf(process.pid) ?? 0} ${doing}`;
  while (!(await create(path, mine))) await takeOverIfStale(path);
  try {
    return await body();
  } finally {
    for (const name of await readdir(dirname(path)).catch(() => [])) {
      if (name.startsWith(`${basename(path)}.stale-`)) await rm(join(dirname(path), name), { force: true });
    }
    await rm(path, { force: true });
  }
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw labUnwritable(dirname(path), error, "nothing was touched");
  }
}

async function takeOverIfStale(path: string): Promise<void> {
  const content = await readFile(path, "utf8").catch(() => undefined);
  if (content === undefined) return;
  const [pid, start, ...doing] = content.split(" ");
  const age = await stat(path).then(
    (file) => Date.now() - file.mtimeMs,
    () => 0,
  );
  const alive = content === "" ? age < FILLED_WITHIN_MS : String(startTimeOf(Number(pid)) ?? "gone") === start;
  if (alive) {
    throw new RedishaError({
      code: "LAB_BUSY",
      message:
        content === ""
          ? "another command works on this lab"
          : `"lab ${doing.join(" ")}" (process ${pid}) works on this lab`,
      exit: EXIT.lockHeld,
      state: "nothing was touched",
      next: ["wait for it to end", ...(content === "" ? [] : [`kill ${pid}`])],
    });
  }
  // Moved aside under a name of our own: of two that take over at once only one succeeds in moving this very file.
  const aside = `${path}.stale-${randomBytes(6).toString("hex")}`;
  await rename(path, aside).catch(() => undefined);
  if ((await readFile(aside, "utf8").catch(() => content)) !== content) await rename(aside, path);
  else await rm(aside, { force: true });
}
