/** Where numbers begin to be findings. */
export interface Thresholds {
  /** Bytes that a replica may be behind. */
  readonly lag_bytes: number;
  /** Seconds since the primary last heard from a replica. */
  readonly lag_seconds: number;
  /** Share of maxmemory, or of the host's memory where there is no maxmemory. */
  readonly memory: number;
  /** Share of maxclients. */
  readonly clients: number;
  /** How long before a certificate ends; default: three weeks. */
  readonly certificate_ms?: number | undefined;
}

/**
 * 10 MiB: both ends are read some milliseconds apart, so that a primary taking 100 MB/s shows a few MiB of lag with
 * every replica in step; ten is beyond that and still little to lose. 10 s: replicas acknowledge every second, and ten
 * is min-replicas-max-lag's own default. 0.9: a tenth is about what a resync or a burst of clients needs on top.
 */
export const DEFAULT_THRESHOLDS: Thresholds = { lag_bytes: 10 * 1024 ** 2, lag_seconds: 10, memory: 0.9, clients: 0.9 };
