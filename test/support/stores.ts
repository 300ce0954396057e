import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { SshSettings } from "../../src/connect/types.ts";
import { openStore, type StorePolicy } from "../../src/repository/open-store.ts";
import type { Store } from "../../src/repository/store.ts";
import { type S3Server, startS3 } from "./s3.ts";
import { type Sshd, startSshd } from "./sshd.ts";

/** A place where stores can be made, each empty; `stop` takes it down with all in it. */
export interface StoreGround {
  /** As redisha.yaml would say it, for a store that nobody used before. */
  policy(): Promise<StorePolicy>;
  stop(): Promise<void>;
}

export type GroundKind = "file" | "sftp" | "s3";
export const GROUNDS: readonly GroundKind[] = ["file", "sftp", "s3"];

export async function startGround(kind: GroundKind): Promise<StoreGround> {
  if (kind === "s3") return s3Ground(await startS3());
  const root = mkdtempSync(join(tmpdir(), "redisha-store-"));
  const remove = () => rmSync(root, { recursive: true, force: true });
  let count = 0;
  const fresh = () => {
    count += 1;
    return join(root, `store-${count}`);
  };
  if (kind === "file") return { policy: async () => ({ repository: fresh() }), stop: async () => remove() };
  const sshd = await startSftp();
  return {
    policy: async () => sftpPolicy(sshd, fresh()),
    stop: async () => {
      await sshd.stop();
      remove();
    },
  };
}

/** An sshd that offers SFTP. */
export async function startSftp(): Promise<Sshd> {
  return await startSshd({ host: "127.0.0.1", config: ["Subsystem sftp internal-sftp"] });
}

export function sftpPolicy(sshd: Sshd, path: string, changes: Partial<SshSettings> = {}): StorePolicy {
  const { ssh } = sshd.target(changes);
  if (ssh === "local") throw new TypeError("no settings");
  return { repository: `sftp://${sshd.user}@${sshd.address}:${sshd.port}${path}`, sftp: ssh };
}

function s3Ground(server: S3Server): StoreGround {
  let count = 0;
  return {
    policy: async () => {
      count += 1;
      await server.makeBucket(`store-${count}`);
      return { repository: `s3://store-${count}/some/prefix`, s3: server.settings() };
    },
    stop: () => server.stop(),
  };
}

/** Opens a store of the ground for as long as `use` takes. */
export async function withStore<T>(policy: StorePolicy, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(policy);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Bytes that no compression makes smaller, the same for the same seed, in pieces of 64 KiB. */
export function noise(bytes: number, seed = 1): Readable {
  async function* pieces() {
    for (let left = bytes, state = seed >>> 0; left > 0; ) {
      const piece = Buffer.allocUnsafe(Math.min(left, 65_536));
      for (let at = 0; at + 4 <= piece.length; at += 4) {
        // xorshift32
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        piece.writeInt32LE(state | 0, at);
      }
      piece.fill(7, piece.length & ~3);
      left -= piece.length;
      yield piece;
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** A source that breaks after so many bytes. */
export function broken(bytes: number): Readable {
  async function* pieces() {
    for await (const piece of noise(bytes)) yield piece;
    throw new Error("the source broke");
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** A folder that goes with `remove`. */
export function scratchFolder(name = "redisha-repo-"): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), name));
  mkdirSync(path, { recursive: true });
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function keysOf(store: Store, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
