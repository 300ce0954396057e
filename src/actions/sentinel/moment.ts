import { sleep } from "../../core/abort.ts";
import type { Member } from "../replication/group.ts";
import { type SeenReplica, seenReplicas, type Watcher } from "./watchers.ts";

/**
 * While it fails over, a Sentinel reads the INFO of replicas once a second (sentinelSendPeriodicCommands), and it takes a
 * promotion for done when it has read it there. Ordered some 600 ms after it last read it, the failover promotes (within
 * 300 ms) just before that Sentinel looks again; at any other moment clients wait for up to a second longer.
 */
const BEST_AGE = { from: 500, to: 600 } as const;

const POLL_MS = 20;

/**
 * Waits for the moment, for up to `patienceMs`, at which one of the Sentinels is about to look at the replica that it would
 * promote, and gives that Sentinel; the first of them where it does not come. Writes go on meanwhile.
 */
export async function bestMoment(
  watchers: readonly [Watcher, ...Watcher[]],
  masterName: string,
  replicas: readonly Member[],
  patienceMs: number,
  signal: AbortSignal,
): Promise<Watcher> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const seen = await Promise.all(watchers.map((watcher) => seenReplicas(watcher, masterName).catch(() => [])));
    const at = seen.findIndex((all) => all.some((each) => isDue(each, all, replicas)));
    const found = watchers[at];
    if (found) return found;
    await sleep(POLL_MS, signal);
  }
  return watchers[0];
}

function isDue(replica: SeenReplica, all: readonly SeenReplica[], members: readonly Member[]): boolean {
  const known = members.some(({ endpoint }) => endpoint.address === replica.address && endpoint.port === replica.port);
  const preferred = all.every(({ priority }) => priority === 0 || replica.priority <= priority);
  return known && preferred && replica.infoAgeMs >= BEST_AGE.from && replica.infoAgeMs <= BEST_AGE.to;
}
