import { readFile } from "node:fs/promises";
import { messageOf } from "../../core/errors.ts";
import { inspectPrivateKey } from "../private-key.ts";
import { expandHome } from "../ssh-config.ts";
import { keyUnreadable, type Server } from "../ssh-errors.ts";
import type { SshSettings } from "../types.ts";

/** ssh passes over a key that it cannot read and then says only that it was not let in: looked at here, first. `locked`: it has a passphrase. */
export async function checkIdentity(server: Server, { identity }: SshSettings): Promise<{ locked: boolean }> {
  if (!identity) return { locked: false };
  const file = expandHome(identity);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw keyUnreadable(server.label, file, messageOf(error), error);
  });
  const facts = inspectPrivateKey(text);
  if (!facts) throw keyUnreadable(server.label, file, "it is no private key in a known format");
  return { locked: facts.encrypted };
}
