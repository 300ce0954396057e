import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestLab } from "./lab.ts";

/** How an operator logs in to the data nodes of a lab. */
export async function login({ status }: TestLab): Promise<{ user?: string; password?: string }> {
  if (status.auth === "none") return {};
  const password = (await readFile(join(status.folder, "secrets", "operator.password"), "utf8")).trim();
  return status.auth === "password" ? { password } : { user: "redisha", password };
}

/** What a client needs to trust the servers of a lab; undefined where they speak plainly. */
export async function tlsOf({ status }: TestLab): Promise<{ ca: string } | undefined> {
  return status.tls ? { ca: await readFile(join(status.folder, "tls", "ca.crt"), "utf8") } : undefined;
}
