import { formatBytes } from "../core/units.ts";
import { compareVersions } from "../runbook/versions.ts";
import { canLoad } from "./rdb-compatibility.ts";

/** What is to be loaded. */
export interface Load {
  readonly size: number;
  /** Null where the snapshot is still to be made, by a server of the right version. */
  readonly magic: string | null;
  readonly format: number | null;
  readonly used_memory: number;
  readonly modules: readonly string[];
  readonly arch_bits: number;
  readonly databases: number;
}

/** The server that is to load it. */
export interface Taker {
  readonly engine: string;
  readonly version: string;
  readonly arch_bits: number;
  /** Null where they are not known. */
  readonly modules: readonly string[] | null;
  readonly databases: number;
  readonly used_memory: number;
  readonly maxmemory: number;
  readonly memory_available: number;
  readonly free: number;
}

/** Beside the files themselves: temporary files, the first increments of an append-only file. */
const SPARE = 64 * 1024 * 1024;

/**
 * Why this server cannot take this data, each in a clause; empty where nothing speaks against it. `saves` is true where the
 * server writes what it holds to the same disk before it stops.
 */
export function objectionsTo(load: Load, taker: Taker, { saves }: { readonly saves: boolean }): string[] {
  const objections: string[] = [];
  if (load.magic !== null && load.format !== null) {
    const fits = canLoad({ magic: load.magic, version: load.format }, { name: taker.engine, version: taker.version });
    if (!fits.ok) objections.push(fits.reason);
  }
  // A server that lacks a module ends with status 0 when it meets its data.
  const missing = load.modules.filter((name) => taker.modules !== null && !taker.modules.includes(name));
  if (missing.length > 0) objections.push(`it lacks modules that the data may need: ${missing.join(", ")}`);
  if (load.arch_bits > taker.arch_bits)
    objections.push(`it has ${taker.arch_bits} bits, the data is of ${load.arch_bits}`);
  if (load.databases > taker.databases) {
    objections.push(`it has ${taker.databases} databases, the data has keys in number ${load.databases - 1}`);
  }
  const memory = taker.memory_available + taker.used_memory;
  if (load.used_memory > memory) {
    objections.push(`the data takes ${formatBytes(load.used_memory)} of memory, and ${formatBytes(memory)} are there`);
  }
  if (taker.maxmemory > 0 && load.used_memory > taker.maxmemory) {
    objections.push(
      `the data takes ${formatBytes(load.used_memory)} of memory, and its maxmemory is ${formatBytes(taker.maxmemory)}`,
    );
  }
  const disk = load.size + (saves ? taker.used_memory : 0) + SPARE;
  if (disk > taker.free) {
    objections.push(
      `${formatBytes(disk)} of disk are needed beside its present data, and ${formatBytes(taker.free)} are free`,
    );
  }
  return objections;
}

/**
 * Whether replicas that load the same snapshot go on from there without a full sync. Measured: a primary takes up the
 * replication history of a snapshot from 7.0 on, and never that of an append-only file.
 */
export function seedable(
  taker: Pick<Taker, "engine" | "version"> & { readonly appendonly: boolean },
  load: { readonly seeds: boolean },
): boolean {
  const since70 = taker.engine === "valkey" || compareVersions(taker.version, "7.0") >= 0;
  return since70 && !taker.appendonly && load.seeds;
}
