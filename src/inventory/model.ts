import type { RedisAuth, RedisTls, SshSettings } from "../connect/types.ts";

export type TopologyKind = "replication" | "sentinel" | "cluster";
export type EngineName = "redis" | "valkey" | "keydb" | "dragonfly";

/** A machine that instances run on. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly zone?: string;
  /** How commands reach it: settings, `local`, or `none` for a host without SSH. */
  readonly ssh: SshSettings | "local" | "none";
}

/** The unit that is managed: one server process, on a host. */
export interface Instance {
  /** `host:port`, unique in the deployment. */
  readonly id: string;
  readonly kind: "data" | "sentinel";
  readonly host: Host;
  readonly address: string;
  readonly port: number;
  /** Declared first primary; where it is now is a matter of the topology. */
  readonly initialPrimary: boolean;
}

/** A deployment as declared in redisha.yaml, checked and with defaults filled in. Secrets are still to be asked for. */
export interface Deployment {
  readonly name: string;
  /** Path of the redisha.yaml it stands in. */
  readonly file: string;
  readonly kind: TopologyKind;
  /** Sentinel's name for the group; undefined for other topologies. */
  readonly masterName?: string;
  readonly engine: {
    readonly name: EngineName;
    readonly version?: string;
    readonly source?: "apt" | "directory";
    readonly directory?: string;
  };
  readonly hosts: readonly Host[];
  readonly instances: readonly Instance[];
  readonly sentinel?: {
    readonly quorum: number;
    readonly downAfterMs: number;
    readonly failoverTimeoutMs: number;
    readonly parallelSyncs: number;
  };
  readonly cluster?: { readonly replicasPerPrimary: number };
  /** Redis' own directives as declared, for rendering and drift. */
  readonly config: Readonly<Record<string, string>>;
  readonly auth: { readonly data: RedisAuth; readonly sentinel: RedisAuth };
  readonly tls?: RedisTls;
  /** Reach Redis through the host's SSH connection (`auto`: when the host has SSH that is not local). */
  readonly redisVia: "ssh" | "direct";
  /** Time limits of one instance or host, in milliseconds. */
  readonly timeouts: { readonly connectMs: number; readonly commandMs: number };
  readonly firewall?: FirewallPolicy;
  readonly backup?: BackupPolicy;
  readonly drill?: DrillPolicy;
  /** Preflight checks that the operator accepts as they are; expired ones are left out. */
  readonly waivers?: readonly Waiver[];
}

export interface FirewallPolicy {
  readonly manager: "ufw" | "none";
  /** Addresses and CIDR blocks of the deployment itself and of its operators. */
  readonly trusted: readonly string[];
  /** Addresses and CIDR blocks that applications come from. */
  readonly clients: readonly string[];
}

export interface BackupPolicy {
  /** `s3://bucket/prefix`, `sftp://[user@]host[:port]/path`, or the absolute path of a directory. */
  readonly repository: string;
  /** age recipients; empty means that backups are not encrypted. */
  readonly encryptTo: readonly string[];
  /** How many backups to keep by each rule; a backup that any rule keeps stays. */
  readonly retention: RetentionPolicy;
}

/** Keys are those of redisha.yaml without `keep_`; undefined where the rule is not set. No rule at all: nothing expires. */
export interface RetentionPolicy {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

/** What a drill may cost at most before it counts as failed. */
export interface DrillPolicy {
  readonly writeOutageMs?: number;
  readonly lostWrites?: number;
}

export interface Waiver {
  readonly check: string;
  /** Last day on which it counts, `2026-12-31`. */
  readonly until: string;
  readonly reason: string;
}
