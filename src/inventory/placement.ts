/** One instance as an `on` list names it, and which entry of the list it came from. */
export interface Placed {
  readonly host: string;
  readonly port: number;
  /** Index in `on`. */
  readonly entry: number;
}

interface Placement {
  readonly on?: readonly string[] | undefined;
  readonly port?: number | undefined;
  readonly ports?: readonly number[] | undefined;
}

export const DEFAULT_PORT = { redis: 6379, sentinel: 26379 } as const;

/** Unless cluster-port says otherwise, the bus of a cluster node listens so far above its declared port (redis.conf). */
export const BUS_OFFSET = 10_000;

/** The host and, where it is said, the port of `r1` or `r1:6380`. */
export function splitEntry(entry: string): { readonly host: string; readonly port?: number } {
  const [host = entry, port] = entry.split(":");
  return port === undefined ? { host } : { host, port: Number(port) };
}

/** Every instance of a `redis` or `sentinel` section, in the order written: bare hosts get one per port. */
export function placed(section: Placement | undefined, defaultPort: number): Placed[] {
  const ports = section?.ports ?? [section?.port ?? defaultPort];
  return (section?.on ?? []).flatMap((text, entry) => {
    const { host, port } = splitEntry(text);
    return (port === undefined ? ports : [port]).map((each) => ({ host, port: each, entry }));
  });
}
