import type { ActionContext } from "../contract.ts";
import type { Group, Member } from "../replication/group.ts";
import { promotedOf } from "../replication/promotion.ts";
import type { Watcher } from "./watchers.ts";

/** A replica that was told just before, and is slow to say so. */
const LATE_MS = 500;

/**
 * Has a Sentinel forget a failover that does not come to its end. It would promote the replica whenever that comes back,
 * for up to failover-timeout, with writes gone on elsewhere in between. RESET is the only word for it; this one Sentinel
 * finds replicas and peers again within seconds, and the others know them all along. Gives the replica that was promoted
 * after all: then the switchover has to be finished.
 */
export async function callOff(
  { replicas }: Group,
  { connection }: Watcher,
  masterName: string,
  context: ActionContext,
): Promise<Member | undefined> {
  await connection.pipeline([["SENTINEL", "RESET", masterName]]);
  return promotedOf(replicas, LATE_MS, context);
}
