import type { RedisConnection } from "../connect/types.ts";
import { sleep } from "../core/abort.ts";
import { viewOf } from "./cluster-view.ts";
import { all, setSlots } from "./orders.ts";
import { serverInfo } from "./server-info.ts";

/** Between two looks at whether it has heard: the owner sends everybody word as soon as it has answered. */
const LOOK_MS = 2;

/** How long it is left to hear it from the owner. Who has not by then is told all the same: it may be cut off from that one. */
const PATIENCE_MS = 1_000;

/**
 * Tells a node who has got slots, once it has heard so from the new owner itself. Told before, a Redis of 7.0.13 to 7.2.3 reads
 * word on its way in which that one does not claim all of them yet, notes so (cluster.c, owner_not_claiming_slot), and does not take the
 * note back when what is claimed is what it has been told. It keeps that even where it takes such a slot itself: from then on it
 * gives the slot up, with all its keys, to whoever claims it, with an epoch however old, as a primary does that comes back after its
 * replica took over. Who has heard and has none of them marked need not be told, nor who follows the new owner by now, since
 * it was its last slot.
 *
 * @throws {RedishaError} what the server answered.
 */
export async function tellOnceHeard(
  slots: readonly number[],
  ownerId: string,
  node: RedisConnection,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const waits = hearsFirst(await serverInfo(node, signal));
  while (waits && performance.now() < deadline) {
    // A large key may keep it busy.
    const [nodes] = await all(node, [["CLUSTER", "NODES"]], signal);
    const view = viewOf("", String(nodes));
    if (view?.primaryId === ownerId) return;
    const marked = slots.some((slot) => view?.migrating.has(slot) || view?.importing.has(slot));
    const heard = slots.every((slot) => view?.owners[slot] === ownerId);
    if (heard && !marked) return;
    // One that follows anybody else takes no orders, which is to be seen at once: its shard has changed hands.
    if (heard || view?.primaryId) break;
    await sleep(LOOK_MS, signal);
  }
  await all(node, setSlots(slots, "NODE", ownerId), signal);
}

/** Redis 7 may be one that keeps such notes; a Valkey says of itself that it is 7.2.4. */
function hearsFirst(info: string): boolean {
  return /^redis_version:7\./m.test(info);
}
