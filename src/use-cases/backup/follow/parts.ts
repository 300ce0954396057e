import { pipeline, Readable, Writable } from "node:stream";
import type { Chain } from "../../../repository/chain.ts";
import type { Store } from "../../../repository/store.ts";
import { AofScanner, type AofTimes } from "../../../restore/aof-scanner.ts";
import type { ListedPart } from "./host.ts";

/** `appendonly.aof.5.incr.aof`, as the others of this server are called. */
export function incrementName(parts: readonly ListedPart[], number: number): string | undefined {
  return parts[0]?.name.replace(/\.\d+(\.incr\.[^.]+)$/, `.${number}$1`);
}

/** Bytes of an increment that are stored. */
export function sizeOf(chain: Chain, number: number): number {
  const last = chain.increments.get(number)?.at(-1);
  return last ? last.offset + last.file.size_raw : 0;
}

/** What a piece says of its writes, and how many of its bytes are whole commands. */
export async function scan(bytes: Buffer): Promise<AofTimes> {
  const scanner = new AofScanner();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await new Promise<void>((resolve, reject) => {
    pipeline(Readable.from([bytes]), scanner, nowhere, (error) => (error ? reject(error) : resolve()));
  });
  return scanner.times;
}

/** `appendonly.aof.1.base.rdb` of `data/appendonly.aof.1.base.rdb.zst.age`. */
export function fileName(name: string): string {
  return name
    .replace(/^data\//, "")
    .replace(/\.age$/, "")
    .replace(/\.zst$/, "");
}

/** Takes away a payload that was stored before a crash, and that no record names. */
export async function removeStray(store: Store, folder: string, key: string): Promise<void> {
  for (const ending of ["", ".zst", ".zst.age", ".age"]) {
    if (await store.stat(`${folder}${key}${ending}`)) await store.delete(`${folder}${key}${ending}`);
  }
}
