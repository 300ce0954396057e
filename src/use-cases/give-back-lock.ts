import { type RunDetail, writerLives } from "./runs.ts";
import { type Looking, removeLocks } from "./unlock.ts";

/**
 * Gives back the lock of a run that is over, where its process was killed between the run's end and that: until its lease
 * has run out, the next command would meet it. Tells the hosts where there was one. One of a process that lives, or of
 * another machine, stays; a host that cannot be reached is left to the lease.
 */
export async function giveBackLock({ record, lines }: RunDetail, leaseMs: number, looking: Looking): Promise<string[]> {
  // A lease is renewed as long as the process lives, and that was about to end; hosts of a run of last week are not asked.
  const mayStand = Date.now() - Date.parse(record.last_at) < 2 * leaseMs;
  if (!mayStand || writerLives(lines)) return [];
  const { removals } = await removeLocks(record.run, true, looking);
  const removed = removals.flatMap(({ host, outcome }) => (outcome === "removed" ? [host] : []));
  return [...new Set(removed)];
}
