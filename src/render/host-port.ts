import { isIP } from "node:net";

/** `10.0.1.10:6379`, `[2001:db8::1]:6379`: as programs take an address with its port. */
export function hostPort({ address, port }: { readonly address: string; readonly port: number }): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
