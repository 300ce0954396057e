import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemCode } from "../../core/files.ts";
import { isPartial, partialName, targetOfPartial } from "../partial-name.ts";
import type { GetOptions, Leftover, PutOptions, Store, StoredObject } from "../store.ts";
import { objectExists, storeError } from "../store-errors.ts";
import { createFile, makeFolder, pathOf, place, putInPlace, syncFolder } from "./durable.ts";
import { fileError } from "./file-errors.ts";

/** Flushed this often while a file is written: else the disk would be given all of it at the very end. */
const FLUSH_BYTES = 256 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** A repository in a directory: of this machine, or mounted. */
export class FileStore implements Store {
  readonly kind = "file";
  readonly shown: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.shown = root;
  }

  async put(key: string, source: Readable, { signal }: PutOptions = {}): Promise<StoredObject> {
    return await this.#written(key, place, async (file) => {
      let unflushed = 0;
      await pipeline(
        source,
        async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) {
            await file.writeFile(chunk);
            unflushed += chunk.length;
            if (unflushed < FLUSH_BYTES) continue;
            await file.datasync();
            unflushed = 0;
          }
        },
        signal ? { signal } : {},
      ).catch((error: unknown) => {
        throw signal?.aborted ? signal.reason : error;
      });
    }).catch((error: unknown) => {
      source.on("error", () => undefined).destroy();
      throw error;
    });
  }

  async create(key: string, content: Buffer): Promise<boolean> {
    try {
      await this.#written(key, place, (file) => file.writeFile(content));
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "OBJECT_EXISTS") return false;
      throw error;
    }
  }

  async replace(key: string, content: Buffer): Promise<void> {
    const over = async (partial: string, target: string) => {
      await putInPlace(partial, target);
      return true;
    };
    await this.#written(key, over, (file) => file.writeFile(content));
  }

  async get(key: string, { offset = 0, length, signal }: GetOptions = {}): Promise<Readable> {
    const path = pathOf(this.#root, key);
    const file = await open(path).catch((cause: unknown) => {
      throw fileError(this.shown, key, path, cause);
    });
    const range = { start: offset, ...(length === undefined ? {} : { end: offset + length - 1 }) };
    return createReadStream(path, {
      fd: file,
      highWaterMark: READ_BYTES,
      ...range,
      ...(signal ? { signal } : {}),
    });
  }

  async stat(key: string): Promise<StoredObject | undefined> {
    const path = pathOf(this.#root, key);
    try {
      const { size, mtimeMs } = await stat(path);
      return { key, size, modifiedMs: mtimeMs };
    } catch (cause) {
      if (systemCode(cause) === "ENOENT" || systemCode(cause) === "ENOTDIR") return undefined;
      throw fileError(this.shown, key, path, cause);
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject> {
    for await (const key of this.#walk(prefix)) {
      signal?.throwIfAborted();
      if (isPartial(nameOf(key))) continue;
      const found = await this.stat(key);
      if (found) yield found;
    }
  }

  async folders(prefix: string): Promise<readonly string[]> {
    const entries = await this.#entries(prefix);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async delete(key: string): Promise<void> {
    const path = pathOf(this.#root, key);
    try {
      await unlink(path);
      await syncFolder(dirname(path));
      await this.#tidy(dirname(path));
    } catch (cause) {
      if (systemCode(cause) !== "ENOENT") throw fileError(this.shown, key, path, cause);
    }
  }

  async *leftovers(prefix: string): AsyncIterable<Leftover> {
    for await (const key of this.#walk(prefix)) {
      if (isPartial(nameOf(key))) yield { key: targetOfPartial(key), id: key };
    }
  }

  async discard({ id }: Leftover): Promise<void> {
    await this.delete(id);
  }

  async close(): Promise<void> {}

  async #written(
    key: string,
    commit: (partial: string, target: string) => Promise<boolean>,
    write: (file: FileHandle) => Promise<void>,
  ): Promise<StoredObject> {
    const target = pathOf(this.#root, key);
    const partial = join(dirname(target), partialName(nameOf(key)));
    let file: FileHandle | undefined;
    try {
      if (commit === place && (await this.stat(key))) throw objectExists(this.shown, key);
      file = await beginFile(partial);
      await write(file);
      await file.sync();
      const { size, mtimeMs } = await file.stat();
      await file.close();
      if (!(await commit(partial, target))) throw objectExists(this.shown, key);
      return { key, size, modifiedMs: mtimeMs };
    } catch (cause) {
      await file?.close().catch(() => undefined);
      if (file) await unlink(partial).catch(() => undefined);
      throw this.#unwritten(key, target, cause);
    }
  }

  /** A folder that cannot be made does not exist, says the system; the reader of the message knows better. */
  #unwritten(key: string, target: string, cause: unknown): Error {
    if (!["ENOENT", "ENOTDIR", "EEXIST"].includes(systemCode(cause) ?? ""))
      return fileError(this.shown, key, target, cause);
    return storeError({
      code: "REPOSITORY_NOT_FOUND",
      message: `${this.shown} is no folder that could be written to.`,
      next: [`ls -ld ${this.shown}`],
      cause,
    });
  }

  async *#walk(prefix: string): AsyncIterable<string> {
    for (const entry of await this.#entries(prefix)) {
      const key = `${prefix}${entry.name}`;
      if (entry.isDirectory()) yield* this.#walk(`${key}/`);
      else if (entry.isFile()) yield key;
    }
  }

  /** Sorted as keys are: a folder as if its name ended in a slash. */
  async #entries(prefix: string) {
    const path = pathOf(this.#root, prefix);
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const sortKey = (entry: (typeof entries)[number]) => (entry.isDirectory() ? `${entry.name}/` : entry.name);
      return entries.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    } catch (cause) {
      if (systemCode(cause) === "ENOENT") return [];
      throw fileError(this.shown, prefix, path, cause);
    }
  }

  /** Empty folders go with the last object in them: other stores have no folders at all. */
  async #tidy(folder: string): Promise<void> {
    for (let at = folder; at.length > this.#root.length; at = dirname(at)) {
      try {
        await rmdir(at);
      } catch {
        return;
      }
    }
  }
}

/** Creates a file and the folders above it, which another process may just be removing because they were empty. */
async function beginFile(path: string): Promise<FileHandle> {
  for (let tries = 1; ; tries += 1) {
    await makeFolder(dirname(path));
    try {
      return await createFile(path);
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || tries === 5) throw error;
    }
  }
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
