import { posix } from "node:path";
import type { Readable } from "node:stream";
import type { FileEntryWithStats } from "ssh2";
import { isPartial, partialName, targetOfPartial } from "../partial-name.ts";
import type { GetOptions, Leftover, PutOptions, Store, StoredObject } from "../store.ts";
import { isStoreError, objectChanged, objectExists, objectMissing } from "../store-errors.ts";
import { NO_SUCH_FILE, type SftpSession, statusOf } from "./session.ts";
import { sftpError } from "./sftp-errors.ts";
import { readAll, writeAll } from "./transfer.ts";

const { dirname, join, basename } = posix;
const PRIVATE = { mode: 0o600 };

/** A repository in a directory of another host, by SFTP. */
export class SftpStore implements Store {
  readonly kind = "sftp";
  readonly shown: string;
  readonly #session: SftpSession;
  readonly #host: string;
  readonly #root: string;

  constructor(session: SftpSession, { shown, host, root }: { shown: string; host: string; root: string }) {
    this.#session = session;
    this.shown = shown;
    this.#host = host;
    this.#root = root;
  }

  async put(key: string, source: Readable, { signal }: PutOptions = {}): Promise<StoredObject> {
    // Also while the source is silent: nobody would notice otherwise.
    const ended = AbortSignal.any([this.#session.lost, ...(signal ? [signal] : [])]);
    const stop = () => source.destroy(ended.reason);
    ended.addEventListener("abort", stop, { once: true });
    try {
      signal?.throwIfAborted();
      if (await this.stat(key)) throw objectExists(this.shown, key);
      return await this.#written(key, source, (partial) => this.#place(partial, key));
    } catch (error) {
      source.on("error", () => undefined).destroy();
      throw signal?.aborted ? signal.reason : error;
    } finally {
      ended.removeEventListener("abort", stop);
    }
  }

  async create(key: string, content: Buffer): Promise<boolean> {
    if (await this.stat(key)) return false;
    try {
      await this.#written(key, [content], (partial) => this.#place(partial, key));
      return true;
    } catch (error) {
      if (isStoreError(error, "OBJECT_EXISTS")) return false;
      throw error;
    }
  }

  async replace(key: string, content: Buffer): Promise<void> {
    await this.#written(key, [content], async (partial) => {
      const target = this.#path(key);
      if (await this.#session.posixRename(partial, target)) return;
      // Without the extension there is no replacing in one step: for a moment there is neither.
      await this.#session.unlink(target).catch(() => undefined);
      await this.#session.rename(partial, target);
    });
  }

  async get(key: string, { offset = 0, length, signal }: GetOptions = {}): Promise<Readable> {
    const path = this.#path(key);
    try {
      const { size } = await this.#session.stat(path);
      const handle = await this.#session.open(path, "r");
      const range = { offset, length: Math.max(0, Math.min(length ?? size, size - offset)) };
      const stream = readAll(this.#session, handle, range, (error) => this.#explained(key, error));
      const stop = () => stream.destroy(signal?.reason);
      signal?.addEventListener("abort", stop, { once: true });
      stream.once("close", () => signal?.removeEventListener("abort", stop));
      return stream;
    } catch (error) {
      throw await this.#explained(key, error);
    }
  }

  async stat(key: string): Promise<StoredObject | undefined> {
    try {
      const { size, mtime } = await this.#session.stat(this.#path(key));
      return { key, size, modifiedMs: mtime * 1_000 };
    } catch (error) {
      if (statusOf(error) === NO_SUCH_FILE) return undefined;
      throw await this.#explained(key, error);
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject> {
    for await (const found of this.#walk(prefix)) {
      signal?.throwIfAborted();
      if (!isPartial(basename(found.key))) yield found;
    }
  }

  async folders(prefix: string): Promise<readonly string[]> {
    const entries = await this.#entries(prefix);
    return entries.filter(({ attrs }) => attrs.isDirectory()).map(({ filename }) => filename);
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await this.#session.unlink(path);
    } catch (error) {
      if (statusOf(error) !== NO_SUCH_FILE) throw await this.#explained(key, error);
    }
    await this.#tidy(dirname(path));
  }

  async *leftovers(prefix: string): AsyncIterable<Leftover> {
    for await (const { key } of this.#walk(prefix)) {
      if (isPartial(basename(key))) yield { key: targetOfPartial(key), id: key };
    }
  }

  async discard({ id }: Leftover): Promise<void> {
    await this.delete(id);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #written(
    key: string,
    source: AsyncIterable<Buffer> | Iterable<Buffer>,
    commit: (partial: string) => Promise<void>,
  ): Promise<StoredObject> {
    const partial = join(dirname(this.#path(key)), partialName(basename(key)));
    let handle: Buffer | undefined;
    let began = false;
    try {
      handle = await this.#begin(partial);
      began = true;
      const size = await writeAll(this.#session, handle, toAsync(source));
      await this.#session.fsync(handle);
      await this.#session.closeHandle(handle);
      handle = undefined;
      await commit(partial);
      await this.#syncFolder(dirname(partial));
      const found = await this.stat(key);
      if (!found) throw objectMissing(this.shown, key);
      if (found.size !== size) throw objectChanged(this.shown, key, found.size, size);
      return found;
    } catch (error) {
      const known = await this.#explained(key, error);
      if (handle) await this.#session.closeHandle(handle).catch(() => undefined);
      if (began) await this.#session.unlink(partial).catch(() => undefined);
      throw known;
    }
  }

  /** Gives a finished file its name, which must be free. Neither a link nor SFTP's own rename overwrites. */
  async #place(partial: string, key: string): Promise<void> {
    const target = this.#path(key);
    try {
      if (await this.#session.hardlink(partial, target)) await this.#session.unlink(partial);
      else await this.#session.rename(partial, target);
    } catch (error) {
      // The status is the same for everything: that it is there now tells.
      if (await this.stat(key)) throw objectExists(this.shown, key, error);
      // A file system without links.
      await this.#session.rename(partial, target);
    }
  }

  async #begin(partial: string): Promise<Buffer> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#session.open(partial, "wx", PRIVATE);
      } catch (error) {
        // The folder is not there, or another process has just removed it because it was empty.
        if (statusOf(error) !== NO_SUCH_FILE || tries === 5) throw error;
        await this.#makeFolder(dirname(partial));
      }
    }
  }

  async #makeFolder(path: string): Promise<void> {
    if (path === "." || path === "/") return;
    try {
      await this.#session.mkdir(path);
    } catch (error) {
      if (statusOf(error) === NO_SUCH_FILE) {
        await this.#makeFolder(dirname(path));
        await this.#session.mkdir(path).catch(() => undefined);
      }
      // The status does not tell "is there already" from other failures: `stat` does.
      const there = await this.#session.stat(path).catch(() => undefined);
      if (!there?.isDirectory()) throw error;
    }
  }

  /** A name is on the disk only after this; OpenSSH opens folders too, other servers may not. */
  async #syncFolder(path: string): Promise<void> {
    const handle = await this.#session.open(path, "r").catch(() => undefined);
    if (!handle) return;
    await this.#session.fsync(handle).catch(() => false);
    await this.#session.closeHandle(handle).catch(() => undefined);
  }

  async *#walk(prefix: string): AsyncIterable<StoredObject> {
    for (const { filename, attrs } of await this.#entries(prefix)) {
      const key = `${prefix}${filename}`;
      if (attrs.isDirectory()) yield* this.#walk(`${key}/`);
      else if (attrs.isFile()) yield { key, size: attrs.size, modifiedMs: attrs.mtime * 1_000 };
    }
  }

  /** Sorted as keys are: a folder as if its name ended in a slash. */
  async #entries(prefix: string): Promise<readonly FileEntryWithStats[]> {
    try {
      const entries = await this.#session.readdir(this.#path(prefix));
      const sortKey = ({ filename, attrs }: FileEntryWithStats) => (attrs.isDirectory() ? `${filename}/` : filename);
      return [...entries].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    } catch (error) {
      if (statusOf(error) === NO_SUCH_FILE) return [];
      throw await this.#explained(prefix, error);
    }
  }

  /** Empty folders go with the last object in them: other stores have no folders at all. */
  async #tidy(folder: string): Promise<void> {
    for (let at = folder; at.length > this.#root.length; at = dirname(at)) {
      const gone = await this.#session.rmdir(at).then(
        () => true,
        () => false,
      );
      if (!gone) return;
    }
  }

  async #explained(key: string, error: unknown): Promise<Error> {
    const free = statusOf(error) === undefined ? undefined : await this.#session.free(this.#root);
    return sftpError({ shown: this.shown, host: this.#host, key, path: this.#path(key), free }, error);
  }

  #path(key: string): string {
    if (key.split("/").some((part) => part === "..") || key.startsWith("/")) throw new RangeError(`${key} is no key`);
    return join(this.#root, key);
  }
}

async function* toAsync(source: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* source;
}
