import type { RedisTls, SshSettings } from "../connect/types.ts";
import type { TopologyKind } from "../inventory/model.ts";
import type { ProbeKind } from "./recording.ts";

/** A host as the measuring thread reaches it: plain data, since functions do not cross threads. */
export interface PlainHost {
  readonly name: string;
  readonly address: string;
  readonly ssh: (Omit<SshSettings, "passphrase"> & { readonly secret?: string }) | "local" | "none";
}

export interface PlainInstance {
  readonly id: string;
  readonly kind: "data" | "sentinel";
  readonly host: PlainHost;
  readonly address: string;
  readonly port: number;
  /** host:port that it tells others to use, where that is another. */
  readonly announced: string | null;
  /** Node id in a cluster. */
  readonly node_id: string | null;
}

export interface PlainAuth {
  readonly username?: string;
  readonly password?: string;
}

/** Everything that the measuring thread is told at its start. */
export interface DrillSettings {
  readonly run: string;
  readonly deployment: string;
  readonly kind: TopologyKind;
  readonly master_name: string | null;
  readonly instances: readonly PlainInstance[];
  readonly auth: { readonly data: PlainAuth; readonly sentinel: PlainAuth };
  readonly tls: RedisTls | null;
  readonly redis_via: "ssh" | "direct";
  readonly connect_ms: number;
  readonly command_ms: number;
  readonly mode: string;
  readonly shard: string;
  /** Data instances of the drilled shard, by id, as at the start. */
  readonly members: readonly string[];
  readonly old_primary: string;
  /** What the keys of this drill begin with: `redisha:drill:<run>:`, in a cluster with a hash tag behind it. */
  readonly prefix: string;
  readonly probes: readonly { readonly name: string; readonly kind: ProbeKind }[];
  /** Writes or reads per second of each probe. */
  readonly rate: number;
  readonly answer_ms: number;
  /** Replicas that must have confirmed a write of `wait_1`. */
  readonly wait_replicas: number;
  readonly expire_s: number;
  /** After this long probes end by themselves. */
  readonly limit_ms: number;
  /** Between two looks at an instance. */
  readonly poll_ms: number;
}

/** What all keys of all drills begin with: the pattern `redisha:drill:*` is what an ACL user of drills needs. */
export const KEY_PREFIX = "redisha:drill:";

/** The list that a writer appends to. */
export function keyOf({ prefix }: Pick<DrillSettings, "prefix">, probe: string): string {
  return `${prefix}${probe}`;
}
