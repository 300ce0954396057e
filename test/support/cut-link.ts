import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { addressOf, type TestLab } from "./lab.ts";

/**
 * Keeps what a primary sends to a replica from arriving, while both answer everybody else and hold their link to be up: a
 * replica that falls behind. Wants root and nft. The name is that of partitions, which go with the lab whatever happens.
 */
export function cutLink(lab: TestLab, from: string, to: string): Disposable {
  const table = `redisha_${randomBytes(6).toString("hex")}`;
  const rule = `ip saddr ${addressOf(lab, from)} tcp sport 6379 ip daddr ${addressOf(lab, to)} drop`;
  const chain = `chain cut { type filter hook input priority 0; ${rule}; }`;
  execFileSync("nft", ["-f", "-"], { input: `table inet ${table} {\n${chain}\n}\n` });
  return { [Symbol.dispose]: () => void execFileSync("nft", ["delete", "table", "inet", table]) };
}
