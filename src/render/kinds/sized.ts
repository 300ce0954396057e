import { parseBytes } from "../../core/units.ts";
import type { Deployment } from "../../inventory/model.ts";
import { unrenderable } from "./kind.ts";

/** Beyond `maxmemory`: buffers, the backlog, fragmentation, and the pages that a fork copies while clients write. */
const HEADROOM = 1.5;

/** What each server holds, and what its container or node needs for it. Bytes. */
export interface Sized {
  readonly maxmemory: number;
  readonly memory: number;
  readonly disk: number;
}

/** Of `given`, else of what redisha.yaml declares. Fails with RENDER_UNDECLARED where neither says it. */
export function sizedBy({ config }: Deployment, given: number | undefined): Sized {
  const maxmemory = given ?? parseBytes(config.maxmemory ?? "") ?? 0;
  if (maxmemory === 0) {
    throw unrenderable("How much data a server is to hold is not declared, and memory is asked for by it.", [
      "redis: { config: { maxmemory: 6gb } } in redisha.yaml",
      "--set maxmemory=6gb",
    ]);
  }
  // A snapshot beside the one it replaces; an append-only file and its rewrite likewise.
  const files = persistenceOf(config) === "aof" ? 4 : 2;
  return { maxmemory, memory: maxmemory * HEADROOM, disk: Math.max(1024 ** 3, maxmemory * files) };
}

/** How data outlives a restart. Without `save ""` Redis takes snapshots. */
export function persistenceOf(config: Deployment["config"]): "aof" | "rdb" | "none" {
  if (config.appendonly === "yes") return "aof";
  return config.save === "" || config.save === '""' ? "none" : "rdb";
}
