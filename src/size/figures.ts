import { type KeyShape, keyBytes } from "./key-bytes.ts";
import { layoutOf } from "./layout.ts";
import type { Load } from "./load.ts";

/** What somebody expects of a deployment that does not exist yet. Rates a second. */
export interface Figures extends KeyShape {
  /** redis or valkey, and its version. */
  readonly engine: string;
  readonly version: string;
  readonly reads: number;
  readonly writes: number;
  readonly clients: number;
  readonly replicas: number;
}

/** A command on the wire beside its key and its value: lengths, line ends, the command's name. */
const COMMAND_BYTES = 40;

const CLIENT_BYTES = 20_480;

/** The load of figures, as if it had been measured. */
export function loadOf(figures: Figures): Load {
  const { keys, keyBytes: key, valueBytes: value, reads, writes, clients, replicas } = figures;
  const one = COMMAND_BYTES + key + value;
  return {
    keys,
    data_bytes: Math.round(keys * keyBytes(figures, layoutOf(figures.engine, figures.version))),
    clients,
    client_bytes: CLIENT_BYTES,
    ops: reads + writes,
    writes,
    write_bytes: writes * one,
    in_bytes: writes * one + reads * (COMMAND_BYTES + key),
    out_bytes: reads * value,
    fragmentation: 1.1,
    cow_bytes: null,
    replicas,
    aof: true,
  };
}
