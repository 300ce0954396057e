import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** A Node of this machine that is too old to run redisha itself; undefined where it has none. */
export function oldNode(): string | undefined {
  const node = "/usr/bin/node";
  if (!existsSync(node)) return undefined;
  const [major = 0] = execFileSync(node, ["-p", "process.versions.node"]).toString().split(".").map(Number);
  return major < 22 ? node : undefined;
}
