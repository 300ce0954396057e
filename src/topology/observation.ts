/**
 * What one instance answered when it was looked at, or why it did not answer. Raw material: nothing here is judged.
 * Plain data, so that it can be recorded, replayed in tests and put into a report.
 */
export interface Observation {
  /** `host:port` as in the inventory, or `address:port` where redisha.yaml does not list it. */
  readonly instance: string;
  readonly kind: "data" | "sentinel";
  readonly host: string;
  readonly zone?: string;
  readonly address: string;
  readonly port: number;
  readonly listed: boolean;
  readonly initial_primary: boolean;
  /** RFC 3339, the controller's clock. */
  readonly at: string;
  readonly duration_ms: number;
  readonly via: "direct" | "ssh" | "local";
  /** What a person types before a command to run it on that host, `ssh -t ops@10.0.1.10`; empty for the controller itself. */
  readonly shell?: string;
  /** redis-cli for this instance as a person types it on the controller, SSH included; never a password. */
  readonly redis_cli?: string;
  readonly reach: Reach;
  /** What it showed when TLS began, RFC 3339; undefined without TLS. */
  readonly certificate?: { readonly not_after: string; readonly authority_not_after: string | null };
  /** INFO, all sections in one map. */
  readonly info?: Readonly<Record<string, string>>;
  /** ROLE, as it came. */
  readonly role?: readonly unknown[];
  /** The directives asked for with CONFIG GET. Never holds a password. */
  readonly config?: Readonly<Record<string, string>>;
  readonly sentinel?: SentinelAnswers;
  readonly cluster?: ClusterAnswers;
  /** Commands that were refused or failed while the connection stood, e.g. NOPERM. */
  readonly refused: readonly { readonly command: string; readonly code: string; readonly message: string }[];
}

export type Reach =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly next: readonly string[] };

/** Directives that the model reads out of CONFIG GET; what was not asked for or was refused is null in it. */
export const OBSERVED_DIRECTIVES = [
  "save",
  "appendonly",
  "maxmemory",
  "maxmemory-policy",
  "maxclients",
  "min-replicas-to-write",
  "min-replicas-max-lag",
  "replica-priority",
  "replica-read-only",
  "replica-announce-ip",
  "replica-announce-port",
  "repl-backlog-size",
  "repl-diskless-load",
  "propagation-error-behavior",
  "stop-writes-on-bgsave-error",
  "cluster-node-timeout",
  "cluster-require-full-coverage",
  "cluster-replica-no-failover",
  "cluster-announce-ip",
  "cluster-announce-port",
] as const;

/** SENTINEL MASTER, REPLICAS, SENTINELS, CKQUORUM and GET-MASTER-ADDR-BY-NAME for the deployment's master name. */
export interface SentinelAnswers {
  readonly master?: Readonly<Record<string, string>>;
  readonly replicas: readonly Readonly<Record<string, string>>[];
  readonly sentinels: readonly Readonly<Record<string, string>>[];
  readonly ckquorum?: { readonly ok: boolean; readonly message: string };
  readonly master_address?: { readonly address: string; readonly port: number };
  /** SENTINEL MYID (6.2 and later): the id by which other Sentinels know it; its run_id of INFO is another. */
  readonly myid?: string;
  /** Names of all groups that this Sentinel watches. */
  readonly watches: readonly string[];
}

interface ClusterAnswers {
  readonly info: Readonly<Record<string, string>>;
  /** CLUSTER NODES, as it came. */
  readonly nodes: string;
}

/** The deployment facts that the model is built against. */
export interface Declared {
  readonly deployment: string;
  readonly kind: "replication" | "sentinel" | "cluster";
  readonly master_name?: string;
  readonly quorum?: number;
  readonly engine_version?: string;
  /** The instance that is kept on the release from before, for the way back. */
  readonly standby?: string;
}
