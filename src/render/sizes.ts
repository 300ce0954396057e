import { formatBytes } from "../core/units.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** What of a host's memory instances may use for data: a fork under writes copies pages, and the system needs its own. */
const MEMORY_SHARE = 0.6;

/** A size and how it was come by, for the file and the plan. */
export interface Sized {
  readonly bytes: number;
  readonly reason: string;
}

/** `maxmemory` of each of `instances` data instances on a host with so much memory. Whole MiB. */
export function maxmemoryOf(hostBytes: number, instances: number, share = MEMORY_SHARE): Sized {
  const bytes = Math.max(64 * MIB, Math.floor((hostBytes * share) / instances / MIB) * MIB);
  const among = instances === 1 ? "" : `, for ${instances} instances`;
  const reason = `${Math.round(share * 100)} % of the host's ${formatBytes(hostBytes)}${among}; the rest is for forks, buffers and the system`;
  return { bytes, reason };
}

/**
 * `repl-backlog-size`: what is written while a replica is away for ten minutes, at least 64 MiB; without a measured rate
 * 1 GiB, never more than a tenth of maxmemory, or a quarter where that is
 * little. A replica that was away for longer is sent everything again.
 */
export function backlogOf(maxmemory: number, writeBytesPerSecond: number | undefined): Sized {
  const least = Math.max(MIB, Math.min(64 * MIB, Math.floor(maxmemory / 4 / MIB) * MIB));
  const most = Math.max(least, Math.floor(maxmemory / 10 / MIB) * MIB);
  const wanted =
    writeBytesPerSecond === undefined ? GIB : Math.max(64 * MIB, Math.ceil((writeBytesPerSecond * 600) / MIB) * MIB);
  const bytes = Math.min(most, wanted);
  const capped = bytes < wanted ? "; a tenth of maxmemory at most" : "";
  const reason =
    writeBytesPerSecond === undefined
      ? `a backlog of ${formatBytes(bytes)}, as nothing is known of the write rate${capped}`
      : `a backlog of ${formatBytes(bytes)}: ten minutes at ${formatBytes(writeBytesPerSecond)}/s${capped}`;
  return { bytes, reason };
}

/** Limits of a replica's output buffer: beyond the backlog a sync would only be cut off and begun again. */
export function outputBufferOf(backlog: number): { readonly hard: number; readonly soft: number } {
  return { hard: Math.max(256 * MIB, 2 * backlog), soft: Math.max(64 * MIB, backlog) };
}
