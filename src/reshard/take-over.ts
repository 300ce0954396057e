import type { RedisConnection } from "../connect/types.ts";
import { all, setSlots } from "./orders.ts";
import { serverInfo } from "./server-info.ts";
import { tellsReplicas } from "./tells-replicas.ts";

/** Nobody listens to it. */
const CHANNEL = "redisha:slots";

/**
 * Has a target own slots that it has all keys of. It gives itself a new epoch with that, which must not happen while it hands over
 * to a replica of its own (CLUSTER FAILOVER): the replica would win its election with an older one, take writes, and lose
 * them all as it is overruled. Redis holds writes back for as long as a node hands over, but SETSLOT is none for it (cluster.c,
 * CLUSTER SETSLOT; networking.c, pauseClients); in one transaction with a PUBLISH it is, and refused once the node follows.
 * Valkey 8 holds SETSLOT back by itself, and takes it in no transaction as it sends it to replicas.
 *
 * @throws {RedishaError} what the server answered.
 */
export async function takeOver(
  slots: readonly number[],
  targetId: string,
  target: RedisConnection,
  signal: AbortSignal,
): Promise<void> {
  const orders = setSlots(slots, "NODE", targetId);
  const byItself = tellsReplicas(await serverInfo(target, signal));
  await all(target, byItself ? orders : [["MULTI"], ["PUBLISH", CHANNEL, ""], ...orders, ["EXEC"]], signal);
}
