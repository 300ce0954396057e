import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { systemCode } from "../core/files.ts";
import { locksFolder } from "./layout.ts";
import { type LockRecord, lockRecordSchema } from "./lock-record.ts";
import type { Repository } from "./repository.ts";
import { parseJson, readSmall } from "./small-object.ts";
import { isStoreError } from "./store-errors.ts";

export interface FoundLock {
  readonly key: string;
  /** When its holder last wrote it, by the clock of the store. */
  readonly modifiedMs: number;
  /** Undefined where it cannot be read: then it counts as exclusive, and for as long as the longest of ours. */
  readonly record: LockRecord | undefined;
}

/** Time that a lock lives without its holder. It writes it anew three times as often. */
export const LOCK_TTL_MS = 5 * 60_000;

/** Every lock of a deployment, of the dead too. */
export async function readLocks({ store, deployment }: Repository): Promise<readonly FoundLock[]> {
  const found: FoundLock[] = [];
  for await (const { key, modifiedMs } of store.list(locksFolder(deployment))) {
    try {
      const parsed = parseJson(await readSmall(store, key), lockRecordSchema);
      found.push({ key, modifiedMs, record: "value" in parsed ? parsed.value : undefined });
    } catch (error) {
      // It was released meanwhile.
      if (!isStoreError(error, "OBJECT_MISSING")) throw error;
    }
  }
  return found;
}

/**
 * Says whether the holder is gone: silent for longer than its lock lives, or a process of this machine that is no more.
 * `nowMs` by the clock of the store.
 */
export function isStale(lock: FoundLock, nowMs: number): boolean {
  return nowMs - lock.modifiedMs > (lock.record?.ttl_ms ?? LOCK_TTL_MS) || isOfTheDead(lock);
}

/** The holder was a process of this machine, and is no more. A holder that is only silent may yet wake up. */
export function isOfTheDead({ record }: FoundLock): boolean {
  return record !== undefined && record.space === processSpace() && !isRunning(record.pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** Processes with the same answer see each other's pids: same boot, same container. Undefined where that is not known. */
export function processSpace(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/**
 * What time it is for a store, whose clock is not ours: written to an object and read back. To the second on most.
 */
export async function storeClock({ store, deployment }: Repository): Promise<number> {
  const key = `${deployment}/clock/${randomUUID()}`;
  await store.replace(key, Buffer.from("\n"));
  try {
    return (await store.stat(key))?.modifiedMs ?? Date.now();
  } finally {
    await store.delete(key);
  }
}
