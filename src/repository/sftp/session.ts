import type { FileEntryWithStats, InputAttributes, SFTPWrapper, Stats } from "ssh2";
import type { SftpLink } from "../../connect/ssh2/sftp.ts";

type Answer<T> = (error: Error | null | undefined, result: T) => void;

/**
 * The requests of SFTP as promises. Each fails when the connection is lost: those that were made before it are then never
 * answered. Extensions of OpenSSH tell by `false` that the server does not have them.
 */
export class SftpSession {
  readonly #link: SftpLink;

  constructor(link: SftpLink) {
    this.#link = link;
  }

  get lost(): AbortSignal {
    return this.#link.lost;
  }

  async open(path: string, flags: "r" | "wx" | "w", attributes: InputAttributes = {}): Promise<Buffer> {
    return await this.#ask((sftp, answer: Answer<Buffer>) => sftp.open(path, flags, attributes, answer));
  }

  async closeHandle(handle: Buffer): Promise<void> {
    await this.#ask((sftp, answer: Answer<void>) => sftp.close(handle, (error) => answer(error)));
  }

  async write(handle: Buffer, chunk: Buffer, position: number): Promise<void> {
    await this.#ask((sftp, answer: Answer<void>) =>
      sftp.write(handle, chunk, 0, chunk.length, position, (error) => answer(error)),
    );
  }

  /** At most `length` bytes; fewer do not mean the end, none do. */
  async read(handle: Buffer, position: number, length: number): Promise<Buffer> {
    const into = Buffer.allocUnsafe(length);
    const count = await this.#ask((sftp, answer: Answer<number>) =>
      sftp.read(handle, into, 0, length, position, (error, bytes) => answer(isEnd(error) ? undefined : error, bytes)),
    );
    return into.subarray(0, count ?? 0);
  }

  async stat(path: string): Promise<Stats> {
    return await this.#ask((sftp, answer: Answer<Stats>) => sftp.stat(path, answer));
  }

  async readdir(path: string): Promise<readonly FileEntryWithStats[]> {
    return await this.#ask((sftp, answer: Answer<FileEntryWithStats[]>) => sftp.readdir(path, answer));
  }

  async mkdir(path: string): Promise<void> {
    await this.#ask((sftp, answer: Answer<void>) => sftp.mkdir(path, { mode: 0o700 }, (error) => answer(error)));
  }

  async rmdir(path: string): Promise<void> {
    await this.#ask((sftp, answer: Answer<void>) => sftp.rmdir(path, (error) => answer(error)));
  }

  async unlink(path: string): Promise<void> {
    await this.#ask((sftp, answer: Answer<void>) => sftp.unlink(path, (error) => answer(error)));
  }

  /** SFTP's own rename: OpenSSH refuses it where the target is there. */
  async rename(from: string, to: string): Promise<void> {
    await this.#ask((sftp, answer: Answer<void>) => sftp.rename(from, to, (error) => answer(error)));
  }

  async posixRename(from: string, to: string): Promise<boolean> {
    return await this.#extension((sftp, answer) => sftp.ext_openssh_rename(from, to, (error) => answer(error)));
  }

  async hardlink(existing: string, path: string): Promise<boolean> {
    return await this.#extension((sftp, answer) => sftp.ext_openssh_hardlink(existing, path, (error) => answer(error)));
  }

  async fsync(handle: Buffer): Promise<boolean> {
    return await this.#extension((sftp, answer) => sftp.ext_openssh_fsync(handle, (error) => answer(error)));
  }

  /** Bytes that are free for the user; undefined where the server does not tell. */
  async free(path: string): Promise<number | undefined> {
    let free: number | undefined;
    const told = await this.#extension((sftp, answer) =>
      sftp.ext_openssh_statvfs(path, (error, info: { f_bavail?: unknown; f_frsize?: unknown } | undefined) => {
        free = Number(info?.f_bavail) * Number(info?.f_frsize);
        answer(error);
      }),
    ).catch(() => false);
    return told && Number.isFinite(free) ? free : undefined;
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #extension(send: (sftp: SFTPWrapper, answer: (error: Error | null | undefined) => void) => void) {
    try {
      await this.#ask((sftp, answer: Answer<void>) => send(sftp, (error) => answer(error)));
      return true;
    } catch (error) {
      if (error instanceof Error && /does not support this extended request/.test(error.message)) return false;
      throw error;
    }
  }

  #ask<T>(send: (sftp: SFTPWrapper, answer: Answer<T>) => void): Promise<T> {
    const { sftp, lost } = this.#link;
    return new Promise((resolve, reject) => {
      const gone = () => reject(lost.reason);
      if (lost.aborted) return gone();
      lost.addEventListener("abort", gone, { once: true });
      send(sftp, (error, result) => {
        lost.removeEventListener("abort", gone);
        if (error) reject(error);
        else resolve(result);
      });
    });
  }
}

/** SSH_FX_EOF (draft-ietf-secsh-filexfer-02, 7). */
function isEnd(error: Error | null | undefined): boolean {
  return statusOf(error) === 1;
}

/** The SSH_FX_… code of an error; undefined for what the server did not say. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "number" ? error.code : undefined;
}

export const NO_SUCH_FILE = 2;
export const PERMISSION_DENIED = 3;
