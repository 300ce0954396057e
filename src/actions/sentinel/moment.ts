import { sleep } from "../../core/abort.ts";
import type { Member } from "../replication/group.ts";
import { type SeenReplica, seenReplicas, type Watcher } from "./watchers.ts";

/**
 * While it fails over, a Sentinel reads the INFO of replicas once a second (sentinelSendPeriodicCommands), and it takes a
 * promotion for done when it has read it there. Ordered when what it last read is `leadMs` short of a second old, the
 * failover promotes just before that Sentinel looks again; at any other moment clients wait for up to a second longer.
 */
const WINDOW_MS = 100;

const POLL_MS = 20;

/**
 * Waits for the moment, for up to `patienceMs`, at which one of the Sentinels is about to look at the replica that it would
 * promote, and gives that Sentinel; the first of them where it does not come. Writes go on meanwhile.
 */
export async function bestMoment(
  watchers: readonly [Watcher, ...Watcher[]],
  masterName: string,
  replicas: readonly Member[],
  { leadMs, patienceMs }: { leadMs: number; patienceMs: number },
  signal: AbortSignal,
): Promise<Watcher> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const seen = await Promise.all(watchers.map((watcher) => seenReplicas(watcher, masterName).catch(() => [])));
    const at = seen.findIndex((all) => all.some((each) => isDue(each, all, replicas, 1_000 - leadMs)));
    const found = watchers[at];
    if (found) return found;
    await sleep(POLL_MS, signal);
  }
  return watchers[0];
}

function isDue(replica: SeenReplica, all: readonly SeenReplica[], members: readonly Member[], ageMs: number): boolean {
  const known = members.some(({ endpoint }) => endpoint.address === replica.address && endpoint.port === replica.port);
  const preferred = all.every(({ priority }) => priority === 0 || replica.priority <= priority);
  return known && preferred && replica.infoAgeMs >= ageMs - WINDOW_MS && replica.infoAgeMs <= ageMs;
}
