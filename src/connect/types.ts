import type { Duplex, Readable } from "node:stream";

/** How a command is run on a host. All times in milliseconds. */
export interface ExecOptions {
  /** Set for the remote process only. Values travel over its standard input: no process list, here or there, shows them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the process's standard input, then closed. Secrets go this way. */
  readonly stdin?: string | Buffer | Readable;
  /** After this long the remote process (its whole group) is ended and the call fails with EXEC_TIMEOUT. */
  readonly timeoutMs?: number;
  /** Aborting ends the remote process too. */
  readonly signal?: AbortSignal;
  /** Run through the configured `become` (sudo -n). */
  readonly become?: boolean;
  /** Output kept per stream, in bytes; more is dropped and `truncated` is set. Default 1 MiB. */
  readonly maxOutput?: number;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
}

export interface ExecResult {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly durationMs: number;
}

/** A running remote process whose output is a stream: downloads, backups, follow. */
export interface ExecStream {
  readonly stdout: Readable;
  /** Settles when the process ended and its output was delivered; rejects where it could not be run. */
  readonly done: Promise<ExecResult>;
}

export interface UploadOptions {
  /** Octal permissions of the finished file, e.g. 0o640. */
  readonly mode?: number;
  /** `user:group` of the finished file, by names of the host; giving a file away needs root there. */
  readonly owner?: string;
  readonly become?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * One host that commands run on. Adapters: ssh2 (the default), openssh, local. All pass one contract test suite.
 * Every method fails with a RedishaError whose code says what and whose `host` says where.
 */
export interface HostConnection {
  /** As redisha.yaml names it. */
  readonly host: string;
  readonly adapter: "ssh2" | "openssh" | "local";
  /** True once the connection is gone, by `close` or by the other side. */
  readonly closed: boolean;
  /** Runs an argument vector: no shell sees it unquoted. A non-zero exit status is a result, not an error. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Runs a POSIX shell script, sent over standard input, with positional arguments `$1`…; `stdin` is not available here. */
  script(text: string, args?: readonly string[], options?: Omit<ExecOptions, "stdin">): Promise<ExecResult>;
  /** Like exec, with the output as a stream. */
  stream(argv: readonly string[], options?: ExecOptions): Promise<ExecStream>;
  /** Writes a file: to a temporary name beside it, flushed, then renamed into place. */
  upload(source: Readable | Buffer | string, path: string, options?: UploadOptions): Promise<void>;
  /** The bytes of a file; the stream fails where the file could not be read whole. */
  download(path: string, options?: { become?: boolean; signal?: AbortSignal }): Promise<Readable>;
  /** A TCP connection made from that host. */
  forward(address: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}

/** How to reach a host. */
export interface HostTarget {
  readonly host: string;
  readonly address: string;
  readonly ssh: SshSettings | "local";
}

/** What redisha.yaml and flags say about SSH; ~/.ssh/config fills in what stands here as undefined. */
export interface SshSettings {
  readonly adapter: "ssh2" | "openssh";
  readonly user?: string;
  readonly port?: number;
  readonly identity?: string;
  /** Reads the passphrase of `identity` when it is encrypted. */
  readonly passphrase?: () => Promise<string>;
  readonly knownHosts?: string;
  /** `[user@]host[:port]`, several separated by commas. */
  readonly jump?: string;
  readonly become: "sudo" | "none";
  readonly connectTimeoutMs: number;
  /** Path of an ssh_config to read instead of ~/.ssh/config. */
  readonly configFile?: string;
}

/** Credentials of Redis; `password` is asked for once, when a connection is made. */
export interface RedisAuth {
  readonly username?: string;
  readonly password?: () => Promise<string>;
  /** The one before, while it is being changed: tried where the server does not take `password`. */
  readonly previousPassword?: () => Promise<string>;
  /** Whose password that is, where it is not that of the same user: servers are being given users. */
  readonly previousUsername?: "default";
}

/** TLS to Redis; the certificate is always verified. `ca`, `cert` and `key` are paths of PEM files. */
export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Certificate and key are made when servers come to ask for them: until they are there, it goes without. */
  readonly madeOnDemand?: boolean;
  /** Name to verify in the certificate instead of the address. */
  readonly serverName?: string;
}

/**
 * A reply as plain data: strings for bulk and simple strings, numbers, null, arrays. Error replies are thrown. An integer
 * too large to be exact as a number (beyond 2^53 - 1) is given as a string of its digits.
 */
export type RedisReply = string | number | null | boolean | RedisReply[];

/** A certificate that a server showed, as it was verified. */
export interface PeerCertificate {
  /** SHA-256, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string;
  /** RFC 3339. */
  readonly notAfter: string;
  /** When the first of those that signed it ends; undefined where none is known. */
  readonly authorityNotAfter?: string;
}

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Each character stands for one byte, in arguments and replies: for keys, which need not be text. Default: UTF-8. */
  readonly bytes?: boolean;
}

/** One direct connection to one instance. No offline queue, no silent reconnect: what fails is said at once. */
export interface RedisConnection {
  /** `r1:6379`, as the inventory names it. */
  readonly instance: string;
  /** How it was reached. */
  readonly via: "direct" | "ssh" | "local";
  /** What the server showed when TLS began; undefined without TLS. */
  readonly certificate?: PeerCertificate;
  /** True once the connection is gone, by `close` or by the other side. */
  readonly closed: boolean;
  /** Sends one command. Error replies are thrown as RedishaError with code REDIS_<FIRST WORD>, e.g. REDIS_NOPERM. */
  command(argv: readonly string[], options?: CommandOptions): Promise<RedisReply>;
  /** Sends several at once; each answer is a reply or the error it met, in order. */
  pipeline(argvs: readonly (readonly string[])[], options?: CommandOptions): Promise<(RedisReply | Error)[]>;
  close(): void;
}

/** A connection that only listens. */
export interface RedisSubscription {
  readonly instance: string;
  readonly closed: boolean;
  /** Settles when the connection is gone, by `close` or by the other side. */
  readonly ended: Promise<void>;
  /** Asks whether the other side is still there; fails with REDIS_TIMEOUT or REDIS_CLOSED. */
  check(timeoutMs: number): Promise<void>;
  close(): void;
}

export interface RedisTarget {
  readonly instance: string;
  readonly address: string;
  readonly port: number;
  readonly auth?: RedisAuth;
  readonly tls?: RedisTls;
  /** What a person types before a command to run it on the server's machine: `ssh -t ops@10.0.1.10`; empty for this one. */
  readonly shell?: string;
  /** Whole time allowed for connecting, TLS and AUTH. */
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
}
