import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";

/** Drops what comes to one port of one address, as a firewall would that knows nothing of the cluster bus. Wants root and nft. */
export function closeBus(address: string, port: number): Disposable {
  // The name is that of partitions, which go with the lab whatever happens.
  const table = `redisha_${randomBytes(6).toString("hex")}`;
  const rule = `ip daddr ${address} tcp dport ${port} drop`;
  const chain = `chain closed { type filter hook input priority 0; ${rule}; }`;
  execFileSync("nft", ["-f", "-"], { input: `table inet ${table} {\n${chain}\n}\n` });
  return { [Symbol.dispose]: () => void execFileSync("nft", ["delete", "table", "inet", table]) };
}
