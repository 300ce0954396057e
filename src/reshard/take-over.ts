import { type Lanes, over } from "./lanes.ts";
import { all, setSlots, stable } from "./orders.ts";
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
 * Where it imports a slot that it takes, it tells every node at once (same place): of all these only the last is taken so, with the
 * epoch and the news of all of them. 4,096 slots one by one were 20,000 messages to the five others, each with the bitmap of all
 * slots, and as many changes of `nodes.conf`.
 *
 * A Redis that hears that a slot went away keeps it marked as going, if it had it so, also when it has it back with keys. Then it would
 * send on for good who asks for a key that is not there: those marks go with the others. Valkey takes them off itself.
 *
 * `lanes`: to the target. `from`: the id of whoever owns all of these so far; undefined where that is not so.
 *
 * @throws {RedishaError} what the server answered.
 */
export async function takeOver(
  slots: readonly number[],
  targetId: string,
  lanes: Lanes,
  from: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const orders = setSlots(slots, "NODE", targetId);
  const [target] = lanes;
  if (tellsReplicas(await serverInfo(target, signal))) return over(lanes, orders, signal);
  const asOne = from ? [...stable(slots), ...setSlots(slots.slice(-1), "IMPORTING", from)] : [];
  await all(target, [["MULTI"], ["PUBLISH", CHANNEL, ""], ...asOne, ...orders, ["EXEC"]], signal);
}
