/**
 * What a drill saw, as it happened: the raw material of its report. Plain data with the keys of the wire; every time is in
 * milliseconds on one monotonic clock of the measuring process, counted from the start of the recording.
 */

/** How a client of this kind behaves when its connection fails: what is lost in the same fault differs by that. */
export const PROBE_KINDS = ["re_resolve", "subscriber", "sticky", "wait_1", "reader"] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** One write or read of a probe, in the order they were sent. */
export interface Attempt {
  /** Of a writer: unique in the drill and never sent twice. Of a reader: the newest sequence it saw, -1 for none. */
  readonly seq: number;
  readonly sent: number;
  readonly ended: number;
  /** Instance that the connection led to, by id; `null` where none could be made. */
  readonly node: string | null;
  /**
   * `refused`: the server said no, or there was no connection to send it on, so nothing was written. `unknown`: no answer
   * came, or the replicas did not confirm it, so that it may or may not be there.
   */
  readonly outcome: "acked" | "refused" | "unknown";
  /** First word of the error reply, or the code of the trouble: READONLY, NOREPLICAS, TIMEOUT, ECONNREFUSED, NOT_CONFIRMED. */
  readonly error?: string;
}

export interface ProbeRecord {
  readonly name: string;
  readonly kind: ProbeKind;
  /** Shard of a cluster that it writes to; `main` elsewhere. */
  readonly shard: string;
  /** How long it waits for one answer. */
  readonly timeout_ms: number;
  readonly via: "direct" | "ssh" | "local";
  readonly attempts: readonly Attempt[];
}

/** A reader's look at a replica: how old what it saw was. */
export interface StalenessSample {
  readonly at: number;
  readonly node: string;
  /** Between the acknowledgement of the oldest write that was not visible and the read; 0 where all was visible. */
  readonly behind_ms: number;
  readonly behind_writes: number;
}

export interface SentinelEvent {
  readonly at: number;
  readonly sentinel: string;
  /** `+sdown`, `+odown`, `+switch-master`… */
  readonly channel: string;
  readonly payload: string;
}

/** A change of what an instance says of itself; the first sample of each is its state at the start. */
export interface RoleSample {
  readonly at: number;
  readonly instance: string;
  readonly answers: boolean;
  readonly role: "primary" | "replica" | null;
  /** Of a replica. */
  readonly link_up: boolean | null;
  readonly follows: string | null;
  readonly sync_full: number | null;
  readonly sync_partial_ok: number | null;
  /** Writes would be accepted: a primary with enough good replicas, by min-replicas-to-write. */
  readonly writable: boolean;
}

/** A change of what a node of a cluster says of another node of the drilled shard, or of the cluster. */
export interface ClusterSample {
  readonly at: number;
  /** Who says it. */
  readonly instance: string;
  /** Of whom; null for the state of the cluster as a whole. */
  readonly about: string | null;
  /** Of a node: `ok`, `pfail` (it suspects so), `fail` (a majority agreed). Of the cluster: `ok` or `fail`. */
  readonly state: "ok" | "pfail" | "fail";
}

/** Something that was done or found out, by name: `fault`, `healed`, `failover_ordered`, `old_primary_told`, `redundant`. */
export interface Mark {
  readonly at: number;
  readonly name: string;
  readonly detail: string;
}

/** All the writes of one probe, looked for on one instance. */
export interface ReadBack {
  readonly at: number;
  /** `promoted`: on the new primary; `rejoined`: again after the old one follows it. */
  readonly when: "promoted" | "rejoined";
  readonly probe: string;
  readonly node: string;
  readonly found: number;
  /** Sequence numbers that were acknowledged and are not there. */
  readonly lost: readonly number[];
  /** Sequence numbers without an answer that turned out to be there. */
  readonly unknown_found: readonly number[];
  /** Sequence numbers that were refused and are there nevertheless: never to be seen. */
  readonly refused_found: readonly number[];
}

export interface Recording {
  readonly schema: 1;
  readonly run: string;
  readonly deployment: string;
  readonly kind: "replication" | "sentinel" | "cluster";
  /** RFC 3339, wall clock of the measuring process when its monotonic clock was at 0. */
  readonly started_at: string;
  readonly ended: number;
  readonly clock: {
    readonly source: string;
    /** Smallest step between two readings. */
    readonly resolution_ms: number;
    /** How late the measuring process itself was, at worst and at the 99th percentile: an error bound of every figure. */
    readonly delay_p99_ms: number;
    readonly delay_max_ms: number;
  };
  /** `switchover`, `crash`, `hang`, `partition`, `partition_all`, `host`, or `none`. */
  readonly mode: string;
  /** Shard that the fault is for; `main` outside clusters. */
  readonly shard: string;
  readonly old_primary: string;
  /** Set when one was seen. */
  readonly new_primary: string | null;
  readonly probes: readonly ProbeRecord[];
  readonly staleness: readonly StalenessSample[];
  readonly sentinel_events: readonly SentinelEvent[];
  /** Empty outside clusters. */
  readonly cluster_samples: readonly ClusterSample[];
  readonly roles: readonly RoleSample[];
  readonly marks: readonly Mark[];
  readonly read_backs: readonly ReadBack[];
}
