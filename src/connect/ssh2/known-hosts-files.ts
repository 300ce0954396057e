import { readFile } from "node:fs/promises";
import { type KnownHost, parseKnownHosts } from "../known-hosts.ts";

/** The entries of several known_hosts files; one that is missing has none. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const texts = await Promise.all(
    files.map(async (file) => parseKnownHosts(await readFile(file, "utf8").catch(() => ""), file)),
  );
  return texts.flat();
}
