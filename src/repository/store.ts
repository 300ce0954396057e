import type { Readable } from "node:stream";

/** One object of a store. Keys are relative to the root of the store, with `/` between their parts. */
export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** When it was written, by the clock of the store: never compare it with the clock of this machine. */
  readonly modifiedMs: number;
}

export interface PutOptions {
  /** Bytes to expect, best too many than too few: S3 fixes the size of its parts by it. */
  readonly estimate?: number;
  readonly signal?: AbortSignal;
}

export interface GetOptions {
  /** First byte to read; 0 by default. */
  readonly offset?: number;
  /** Bytes to read; to the end by default. */
  readonly length?: number;
  readonly signal?: AbortSignal;
}

/** An upload that somebody began and did not finish; no `list` shows it. */
export interface Leftover {
  /** The object that it was to become. */
  readonly key: string;
  /** What the store itself calls it. */
  readonly id: string;
}

/**
 * Where backups live. Adapters: file, s3, sftp; all pass one contract test suite. An object is there whole or not at all,
 * whatever ends the process that writes it. Every method fails with a RedishaError of store-errors.ts: REPOSITORY_DENIED,
 * REPOSITORY_FULL, REPOSITORY_UNREACHABLE, ….
 */
export interface Store {
  readonly kind: "file" | "s3" | "sftp";
  /** As messages show it: without credentials. */
  readonly shown: string;
  /**
   * Streams an object into the store and returns when it is durable. Memory stays the same however much comes. Fails with
   * OBJECT_EXISTS where the key is taken; what broke off leaves nothing behind, also on the other side. The source is
   * consumed or destroyed in any case.
   */
  put(key: string, source: Readable, options?: PutOptions): Promise<StoredObject>;
  /** Writes a small object unless the key is taken: false then, and nothing was changed. */
  create(key: string, content: Buffer): Promise<boolean>;
  /** Writes a small object in one step, in place of the one that may be there. */
  replace(key: string, content: Buffer): Promise<void>;
  /** The bytes of an object. Fails with OBJECT_MISSING; the stream fails where it breaks off, and never just ends early. */
  get(key: string, options?: GetOptions): Promise<Readable>;
  /** Undefined where there is no such object. */
  stat(key: string): Promise<StoredObject | undefined>;
  /** Every object whose key begins with `prefix`, which is empty or ends in `/`, ordered by key. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject>;
  /** Names directly below `prefix` that have objects below them, sorted: the folders of a folder. */
  folders(prefix: string): Promise<readonly string[]>;
  /** Deletes an object; that it is not there is as good. */
  delete(key: string): Promise<void>;
  /** Unfinished uploads below `prefix`, of dead runs and of live ones: whoever sweeps must know which is which. */
  leftovers(prefix: string): AsyncIterable<Leftover>;
  /** Removes an unfinished upload. */
  discard(leftover: Leftover): Promise<void>;
  close(): Promise<void>;
}
