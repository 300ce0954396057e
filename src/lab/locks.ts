import { readdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where runs keep the locks of hosts; in the second place for users who cannot write to the first. */
const PLACES = ["/run/lock/redisha", join(homedir(), ".local", "state", "redisha", "lock")];

/**
 * Takes away the locks that runs left on hosts of a lab's network (`127.77.0`). The lock of one that was killed lives on for
 * its lease, and the next lab on these addresses, whose hosts are called the same, would be refused its first run. A lock is
 * named `DEPLOYMENT@HOST@ADDRESS`. What belongs to another user stays.
 */
export async function removeLocks(network: string): Promise<void> {
  for (const place of PLACES) {
    const names = await readdir(place).catch(() => []);
    for (const name of names.filter((each) => each.includes(`@${network}.`))) {
      await rm(join(place, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
