import { compareVersions } from "../runbook/versions.ts";
import type { ServerProgram } from "./find-program.ts";

export interface LoadWhat {
  /** `rdb`: the file dump.rdb of the room. `aof`: `appendonlydir/`, or `appendonly.aof` for a server before 7.0. */
  readonly kind: "rdb" | "aof";
  /** Whether the last command of an AOF may be cut off: copied while the server wrote. Refused otherwise. */
  readonly tailMayBeCut?: boolean;
}

export const SOCKET = "s";
export const LOG = "log";

/**
 * The configuration of a scratch server. It follows nobody at all (nothing listens on port 1), since a replica leaves
 * keys that have expired where they are: what is counted is what was backed up, however long ago. It writes nothing.
 */
export function scratchConf(folder: string, { name, version }: ServerProgram, what: LoadWhat): string {
  const since = (first: string) => name === "valkey" || compareVersions(version, first) >= 0;
  return [
    `dir ${folder}`,
    "port 0",
    // Below `dir`: the path of a socket may have 107 bytes.
    `unixsocket ${SOCKET}`,
    "unixsocketperm 700",
    `logfile ${LOG}`,
    "daemonize no",
    'save ""',
    "replicaof 127.0.0.1 1",
    "replica-read-only yes",
    "maxmemory 0",
    "databases 1024",
    "auto-aof-rewrite-percentage 0",
    `appendonly ${what.kind === "aof" ? "yes" : "no"}`,
    `aof-load-truncated ${what.tailMayBeCut ? "yes" : "no"}`,
    // DEBUG DIGEST; before 7.0 nobody asks.
    ...(since("7.0") ? ["enable-debug-command local"] : []),
    "",
  ].join("\n");
}
