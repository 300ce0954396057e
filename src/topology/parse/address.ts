/** An address and a port, as one server names another. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * One spelling per address: lower case, no brackets, no trailing dot of a name, IPv4 out of `::ffff:`.
 * Names are not resolved: this is pure code, and what a name means depends on who resolves it.
 */
export function normalAddress(address: string): string {
  const bare = address
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  return bare.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, "");
}

/** Addresses that mean "this machine" to whoever says them. */
export function isLoopbackName(address: string): boolean {
  return ["localhost", "127.0.0.1", "::1", "localhost.localdomain"].includes(normalAddress(address));
}

/** `10.0.0.1:6379`, `[::1]:6379`. */
export function printEndpoint({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Reads what printEndpoint writes; an IPv6 address without brackets is taken up to its last colon, as Redis writes it. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]*)\]|(.*)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  return port <= 65_535 ? { address: match[1] ?? match[2] ?? "", port } : undefined;
}
