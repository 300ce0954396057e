import { sleep } from "../core/abort.ts";
import { type NodeView, primaryOf, type Reach, readViews } from "./cluster-view.ts";
import { lanesTo, over } from "./lanes.ts";
import { belongs } from "./members.ts";
import { stable } from "./orders.ts";
import { replicaMarks } from "./replica-marks.ts";

/** How long news of new owners is waited for, and how often it is asked after. Gossip takes about a second. */
const NEWS_MS = 15_000;
const NEWS_POLL_MS = 100;

/** Slots that have moved, and the members of the shard that has them. */
interface Moved {
  readonly shard: readonly string[];
  readonly slots: readonly number[];
}

/**
 * Waits until all members that answer know the new owners, which replicas hear from others, and has marks taken off that replicas kept of
 * before. Whoever has not come so far after a while is no reason to fail.
 */
export async function untilKnown(moved: readonly Moved[], instances: readonly string[], reach: Reach): Promise<void> {
  const deadline = performance.now() + NEWS_MS;
  const slots = moved.flatMap((each) => each.slots);
  for (;;) {
    const views = (await readViews(instances, reach)).filter(belongs);
    const marked = await clear(slots, views, reach);
    if ((!marked && moved.every((each) => isKnown(each, views))) || performance.now() > deadline) return;
    await sleep(NEWS_POLL_MS, reach.signal);
  }
}

function isKnown({ shard, slots }: Moved, views: readonly NodeView[]): boolean {
  const owner = primaryOf(shard, views)?.nodeId;
  return views.every(({ owners }) => slots.every((slot) => owners[slot] === owner));
}

/** Gives whether there was any such mark. */
async function clear(slots: readonly number[], views: readonly NodeView[], reach: Reach): Promise<boolean> {
  const left = replicaMarks(slots, views);
  const clearing = left.map(async ({ leader, slots: marked }) =>
    over(await lanesTo(await reach.connect(leader.instance), reach), stable(marked), reach.signal),
  );
  await Promise.allSettled(clearing);
  return left.length > 0;
}
