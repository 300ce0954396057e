import type { Duplex, Readable, Writable } from "node:stream";
import type { HostConnection } from "../types.ts";
import type { Gate } from "./gate.ts";

/** What to run: a program with its arguments, or shell text with `$1`…. Standard input stays free for data. */
export type LaunchSpec = {
  readonly env?: Readonly<Record<string, string>>;
  readonly become: boolean;
} & ({ readonly argv: readonly string[] } | { readonly shell: string; readonly args: readonly string[] });

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process on a host, as an adapter gives it. */
export interface HostProcess {
  /** Known at once for a local process; elsewhere the process tells it on its standard error. */
  readonly pid?: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when it ended and both outputs were read; rejects with SSH_CLOSED where the connection went first. */
  readonly ended: Promise<Ending>;
  /** Lets go of it at our end. A remote process may live on: end its group first. */
  release(): void;
}

export interface Launched {
  readonly process: HostProcess;
  /** Must be written to standard input before any data. */
  readonly header: string;
  /** Marks the wrapper's own lines on standard error. */
  readonly token: string;
}

/** What differs between adapters. Everything else about running commands and moving files is shared. */
export interface Launcher {
  readonly host: string;
  readonly adapter: HostConnection["adapter"];
  readonly closed: boolean;
  /** The login user is root already: `become` has nothing to do. */
  readonly root: boolean;
  /** `none` refuses `become`. */
  readonly become: "sudo" | "none";
  /** How many processes may run at once. */
  readonly gate: Gate;
  launch(spec: LaunchSpec): Promise<Launched>;
  /** A second connection to the same host, for ending a process when this one has no room left. */
  another(): Promise<Launcher>;
  forward(address: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}
