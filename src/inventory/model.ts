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
  /** Address of its own that it listens on, where the one above is translated to it. */
  readonly listen?: string;
  /** Port of its own that it listens on, where `port` is translated to it. */
  readonly listenPort?: number;
  /** Where others reach ports of its host, by the port itself, as far as they are translated. */
  readonly translated?: Readonly<Record<string, number>>;
  /** `replica-priority`, where it is not that of all. */
  readonly priority?: number;
  /** That it is reached at, and that others name it by. */
  readonly port: number;
  /** Where redisha.yaml declares another one: TLS is reached so far above it (`tls.port_offset`). */
  readonly declaredPort?: number;
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
    /** Id of the replica that an upgrade left on the release from before, for the way back. */
    readonly standby?: string;
  };
  readonly hosts: readonly Host[];
  readonly instances: readonly Instance[];
  readonly sentinel?: {
    readonly quorum: number;
    readonly downAfterMs: number;
    readonly failoverTimeoutMs: number;
    readonly parallelSyncs: number;
    /** Programs on the hosts that Sentinels run: at events, and when the primary has moved. */
    readonly notificationScript?: string;
    readonly reconfigScript?: string;
  };
  readonly cluster?: { readonly replicasPerPrimary: number };
  /** Redis' own directives as declared, for rendering and drift. */
  readonly config: Readonly<Record<string, string>>;
  /** Modules that servers load: a path on the hosts, and arguments behind it. */
  readonly modules?: readonly string[];
  /** Bytes that are written per second when it is busy; undefined: not declared. */
  readonly writeBytesPerSecond?: number;
  readonly auth: { readonly data: RedisAuth; readonly sentinel: RedisAuth };
  /** ACL users beside the operator, for servers that redisha sets up. */
  readonly users?: UsersPolicy;
  readonly tls?: RedisTls;
  /** TLS of servers that redisha sets up; undefined where redisha.yaml says nothing of their certificates. */
  readonly serverTls?: ServerTls;
  /** How long before a certificate ends that is to be said; default: three weeks. */
  readonly certificateWarningMs?: number;
  /** Reach Redis through the host's SSH connection (`auto`: when the host has SSH that is not local). */
  readonly redisVia: "ssh" | "direct";
  /** Time limits of one instance or host, in milliseconds. */
  readonly timeouts: { readonly connectMs: number; readonly commandMs: number };
  readonly firewall?: FirewallPolicy;
  /** Undefined: where nothing keeps a clock right, redisha sets up what the distribution has. */
  readonly time?: TimePolicy;
  /** Undefined: nobody measures, or redisha does not see to it. */
  readonly exporter?: ExporterPolicy;
  /** Libraries of applications, where servers do not tell them. */
  readonly clients?: readonly { readonly library: string; readonly version: string }[];
  readonly backup?: BackupPolicy;
  readonly drill?: DrillPolicy;
  /** Real users depend on it: what hurts it is asked for by name. */
  readonly production?: true;
  readonly notify?: NotifyPolicy;
  readonly preflight?: PreflightPolicy;
  /** Findings of preflight that the operator accepts, those whose day is over too. */
  readonly waivers?: readonly Waiver[];
}

/** A user of servers: its password is asked for when it is needed. */
export interface DeclaredUser {
  readonly name: string;
  readonly password: () => Promise<string>;
  /** The one before, while it is being changed. */
  readonly previousPassword?: () => Promise<string>;
}

export interface DeclaredApplication extends DeclaredUser {
  readonly access: "read-write" | "read-only";
  /** Patterns such as `cart:*`. */
  readonly keys: readonly string[];
  readonly channels: readonly string[];
}

export interface UsersPolicy {
  readonly replication?: DeclaredUser;
  readonly sentinel?: DeclaredUser;
  readonly exporter?: DeclaredUser;
  readonly applications: readonly DeclaredApplication[];
}

/** What servers are set up with to speak TLS. */
export interface ServerTls {
  /** Plain connections are taken beside those of TLS, and servers speak plain to each other. */
  readonly plainToo: boolean;
  /** How far above the declared port TLS is. */
  readonly portOffset: number;
  /** How redisha looks at them where it works over plain connections. */
  readonly client: RedisTls;
  readonly source: AuthoritySource | FilesSource;
  /** How long certificates that redisha makes are valid. */
  readonly days: number;
  /** How long before its end one is made anew. */
  readonly renewBeforeMs: number;
  /** `tls-auth-clients` */
  readonly clients: "no" | "optional" | "yes";
  /** Clients that get a certificate from redisha's own authority, redisha itself first; none where servers ask for none. */
  readonly clientNames: readonly string[];
  readonly protocols: readonly string[];
  readonly ciphers?: string;
  readonly ciphersuites?: string;
}

/** An authority of redisha's own, in a folder of the operator's machine. */
export interface AuthoritySource {
  readonly kind: "authority";
  readonly folder: string;
  readonly days: number;
  /** age recipients that its key is encrypted to, and files of keys that decrypt it. */
  readonly recipients: readonly string[];
  readonly identities: readonly string[];
}

/** Certificates that were made elsewhere: paths on the operator's machine. */
export interface FilesSource {
  readonly kind: "files";
  readonly ca: string;
  readonly hosts: Readonly<Record<string, { readonly cert: string; readonly key: string }>>;
}

export interface FirewallPolicy {
  readonly manager: "ufw" | "none";
  /** Addresses and CIDR blocks of the deployment itself and of its operators. */
  readonly trusted: readonly string[];
  /** Addresses and CIDR blocks that applications come from. */
  readonly clients: readonly string[];
}

/** What keeps the clocks of hosts right, where nothing else does. */
export interface TimePolicy {
  readonly manager: "timesyncd" | "none";
  /** Names and addresses; none: those of the distribution. */
  readonly servers: readonly string[];
}

/** redis_exporter, which measures for Prometheus. */
export interface ExporterPolicy {
  /** Names of the hosts that it runs on. */
  readonly on: readonly string[];
  readonly port: number;
  readonly sentinelPort: number;
  /** Addresses and CIDR blocks that Prometheus comes from; none: it listens to its own host only. */
  readonly from: readonly string[];
  /** Its path on these hosts; undefined: as a package brings it. */
  readonly program?: string;
  /** System user that it runs as. */
  readonly user: string;
}

export interface BackupPolicy {
  /** `s3://bucket/prefix`, `sftp://[user@]host[:port]/path`, or the absolute path of a directory. */
  readonly repository: string;
  /** age recipients; empty means that backups are not encrypted. */
  readonly encryptTo: readonly string[];
  /** Files of age or SSH keys that decrypt, for restore; the machine that makes backups needs none. */
  readonly identities: readonly string[];
  /** zstd level. */
  readonly compression: number;
  /** Bytes per second to and from the repository; undefined: no limit. */
  readonly bandwidth?: number;
  /** How many backups to keep by each rule; a backup that any rule keeps stays. */
  readonly retention: RetentionPolicy;
  /** Complete backups that stay whatever the rules say. */
  readonly minimumRedundancy: number;
  /** Zone whose days, weeks and months the rules count. */
  readonly timezone: string;
  /** When `backup check` complains. */
  readonly check: BackupCheckPolicy;
  /** For `s3://`; what is undefined is looked for where the AWS programs look. */
  readonly s3?: S3Settings;
  /** For `sftp://`; `~/.ssh/config` fills in the rest. */
  readonly sftp?: SshSettings;
}

export interface BackupCheckPolicy {
  /** Age of the newest complete backup. */
  readonly maxAgeMs: number;
  /** Bytes of all its files in their plain form. */
  readonly minSize?: number;
  /** How much smaller than the one before it may be, in percent. */
  readonly maxShrink: number;
  /** Age of the newest backup that was verified. */
  readonly verifiedWithinMs?: number;
  /** Age of the newest moment that is followed to, where anything is. */
  readonly followedWithinMs: number;
}

export interface S3Settings {
  readonly endpoint?: string;
  readonly region?: string;
  /** The bucket stands in the path and not in the name of the host. Default: with an endpoint of one's own. */
  readonly pathStyle?: boolean;
  /** Both or neither. */
  readonly accessKey?: () => Promise<string>;
  readonly secretKey?: () => Promise<string>;
  readonly sessionToken?: () => Promise<string>;
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
  readonly readOutageMs?: number;
  /** From the fault until every replica follows again. */
  readonly recoveryMs?: number;
  readonly lostWrites?: number;
  /** Kinds of clients whose figures count. */
  readonly clients?: readonly WriterKind[];
  /** When drills may hurt; undefined: at any time. */
  readonly window?: DrillWindow;
}

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** By the clock on the wall of a time zone; one that ends before it begins goes over midnight. */
export interface DrillWindow {
  /** Days on which it begins. */
  readonly days: readonly Weekday[];
  /** Minutes after midnight; the end is up to 1440 and does not belong to it. */
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly timezone: string;
}

/** What somebody may want to be told of a drill. */
export const NOTIFY_EVENTS = ["start", "fault", "recovered", "failed"] as const;
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

export interface NotifyPolicy {
  readonly command?: readonly string[];
  readonly webhook?: {
    readonly url: () => Promise<string>;
    readonly header?: { readonly name: string; readonly value: () => Promise<string> };
  };
  readonly timeoutMs: number;
  /** Undefined: all. */
  readonly events?: readonly NotifyEvent[];
}

/** Clients that a drill writes as, by what they do when their connection fails. */
export const WRITER_KINDS = ["re_resolve", "subscriber", "sticky", "wait_1"] as const;
export type WriterKind = (typeof WRITER_KINDS)[number];

export interface PreflightPolicy {
  /** Undefined: production. */
  readonly profile?: string;
  /** `http://prometheus.example:9090` */
  readonly prometheus?: string;
}

export interface Waiver {
  readonly check: string;
  /** Name of a host or id of an instance; undefined: everywhere. */
  readonly target?: string;
  /** Last day on which it counts, `2026-12-31`. */
  readonly until: string;
  readonly reason: string;
}
