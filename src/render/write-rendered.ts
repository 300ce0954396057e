import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { z } from "zod";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { systemCode, whyUnwritable } from "../core/files.ts";
import type { KindFile } from "./kinds/kind.ts";

/** Beside what was rendered: the SHA-256 of each file as it was written, by which one that somebody changed is known. */
const RECORD = ".redisha-render.json";
const recordSchema = z.record(z.string(), z.string());

interface Written {
  /** Absolute. */
  readonly out: string;
  readonly files: { path: string; state: "written" | "unchanged"; text: string }[];
}

/**
 * Writes files below the folder `out`; a single one to `out` itself, unless that is a folder or ends in a slash. Each is
 * renamed into place. Fails with RENDER_OVERWRITES (exit 2), and writes nothing, where a file is there that redisha did not
 * write, or that was changed since; unless `force` is set. Fails with RENDER_NOT_WRITTEN where the system refuses.
 */
export async function writeRendered(files: readonly KindFile[], out: string, force: boolean): Promise<Written> {
  const [single] = files;
  const alone = single !== undefined && files.length === 1 && !out.endsWith("/") && !(await isFolder(out));
  const folder = alone ? dirname(resolve(out)) : resolve(out);
  const all = alone ? [{ ...single, path: basename(resolve(out)) }] : files;
  const record = await readRecord(folder);
  const there = await Promise.all(all.map(({ path }) => textOf(join(folder, path))));
  const foreign = all.filter(({ path, text }, at) => {
    const present = there[at];
    return present !== undefined && present !== text && record[path] !== digest(present);
  });
  if (foreign.length > 0 && !force) throw overwrites(folder, foreign);
  const states = all.map(({ text }, at) => (there[at] === text ? ("unchanged" as const) : ("written" as const)));
  try {
    for (const [at, { path, text, executable }] of all.entries()) {
      if (states[at] === "unchanged") continue;
      await put(join(folder, path), text, executable ? 0o755 : 0o644);
    }
    const now = { ...record, ...Object.fromEntries(all.map(({ path, text }) => [path, digest(text)])) };
    const sorted = Object.fromEntries(Object.entries(now).sort(([a], [b]) => (a < b ? -1 : 1)));
    await put(join(folder, RECORD), `${JSON.stringify(sorted, null, 2)}\n`, 0o644);
  } catch (cause) {
    throw new RedishaError({
      code: "RENDER_NOT_WRITTEN",
      message: `The files could not be written into ${folder}: ${whyUnwritable(folder, cause)}`,
      exit: EXIT.usage,
      state: "some of them may be there; the others are as they were",
      cause,
    });
  }
  const done = all.map(({ path, text }, at) => ({ path, text, state: states[at] ?? "written" }));
  return { out: folder, files: done };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (there) => there.isDirectory(),
    () => false,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw new RedishaError({
      code: "RENDER_NOT_WRITTEN",
      message: `${path} is there and cannot be read: ${whyUnwritable(path, error)}`,
      exit: EXIT.usage,
      state: "nothing was written",
      cause: error,
    });
  }
}

/** A record that is not one counts as none: what it spoke of is then foreign. */
async function readRecord(folder: string): Promise<Readonly<Record<string, string>>> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(folder, RECORD), "utf8")));
  } catch {
    return {};
  }
}

async function put(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function overwrites(folder: string, files: readonly KindFile[]): RedishaError {
  const names = files.map(({ path }) => relative(process.cwd(), join(folder, path)) || path);
  return new RedishaError({
    code: "RENDER_OVERWRITES",
    message: `${names.join(", ")} would be overwritten, and ${names.length === 1 ? "is" : "are"} not as redisha wrote ${names.length === 1 ? "it" : "them"}`,
    exit: EXIT.usage,
    state: "nothing was written",
    next: ["render into another folder and compare", "--force overwrites them"],
  });
}
