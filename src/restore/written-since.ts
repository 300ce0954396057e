import type { Manifest, Shard } from "../repository/manifest.ts";
import type { DataNode, Topology } from "../topology/schema.ts";

/** Room for what is written while the operator reads, and while the backup is fetched. */
const SPARE = 1.25;
const MIB = 1024 * 1024;

/** What a return to a backup would lose. */
export interface Window {
  /** The moment that the backup holds: what was acknowledged before it is in it. */
  readonly since: string;
  /** Bytes of the replication stream since its snapshots, of all primaries; null where offsets do not tell. */
  readonly bytes: number | null;
  /** A size that it is under, with room to spare, as `16mb`; `all` where it is not known. */
  readonly announce: string;
}

/** Counts what primaries were told to write since a backup, by their replication offsets. */
export function writtenSince({ started, shards }: Manifest, topology: Topology): Window {
  const counts = shards.map((shard) => countOf(shard, primaryOf(shard, topology)));
  const bytes = counts.every((each) => each !== null) ? counts.reduce((sum, each) => sum + each, 0) : null;
  return { since: started, bytes, announce: announced(bytes) };
}

/** Who takes the writes of what a shard of a backup holds. */
export function primaryOf({ slots }: Shard, { kind, shards, nodes }: Topology): DataNode | undefined {
  const wanted = JSON.stringify(slots);
  const live = kind === "cluster" ? shards.find((each) => JSON.stringify(each.slots) === wanted) : shards[0];
  return nodes.find(({ id }) => id === live?.primary_id);
}

/** Offsets go on over a switchover; one that is smaller belongs to another history. */
function countOf({ rdb }: Shard, primary: DataNode | undefined): number | null {
  const [then, now] = [rdb?.repl_offset, primary?.offset];
  return then === undefined || now === undefined || now === null || now < then ? null : now - then;
}

/** The next power of two, in MiB: a replication stream is never quite still. */
function announced(bytes: number | null): string {
  if (bytes === null) return "all";
  return `${2 ** Math.ceil(Math.log2(Math.max(1, (bytes * SPARE) / MIB)))}mb`;
}
