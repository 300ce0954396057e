import { removeOrphans } from "./fleet.ts";
import { ensurePool } from "./pools.ts";
import { whyNoFleet } from "./requirements.ts";

/**
 * Before tests on a fleet: what earlier ones left behind, because they were killed, is taken down; a tree of Debian and
 * packages are in the cache, which takes a minute on the first run. Where no fleet can run, it says why, once.
 */
export async function setup(): Promise<void> {
  const missing = whyNoFleet();
  if (missing !== undefined) {
    process.stderr.write(`\ntests on real hosts are skipped: ${missing}\n`);
    return;
  }
  await removeOrphans();
  await ensurePool("bookworm", (line) => process.stderr.write(`${line}\n`));
}
