import { type NodeView, primaryOf, type Reach, readViews } from "./cluster-view.ts";
import { joinCluster } from "./join.ts";
import { belongs } from "./members.ts";
import { replicate } from "./replicate.ts";

/** What making one lead again needs to know of the deployment. Times in milliseconds. */
interface Leading extends Reach {
  readonly instances: readonly string[];
  readonly patienceMs: number;
}

/** By node: several sources give slots back to one at the same time, and a second reset would take the first of them away. */
const underWay = new Map<string, Promise<boolean>>();

/**
 * Makes a node an empty primary again that follows whoever got its last slot, and its former replicas its replicas: before 7.0 it
 * cannot be kept from that (cluster-allow-replica-migration), and what is to come back needs somebody to come to. Where somebody of
 * its `shard` leads, or it follows one of them, all is left as it is. Gives whether anything was changed.
 *
 * A replica is reset, which leaves it its name and throws its copy away: its primary has all of it. One that was reset and has
 * not joined yet, because that process died, joins.
 *
 * @throws {RedishaError} what `joinCluster` and `replicate` fail with.
 */
export function leadAgain(node: string, shard: readonly string[], leading: Leading): Promise<boolean> {
  const known = underWay.get(node);
  if (known) return known;
  const work = makeLead(node, shard, leading).finally(() => underWay.delete(node));
  underWay.set(node, work);
  return work;
}

async function makeLead(node: string, shard: readonly string[], leading: Leading): Promise<boolean> {
  const views = await readViews(leading.instances, leading);
  const own = views.find(({ instance }) => instance === node);
  const members = views.filter(({ instance }) => shard.includes(instance));
  if (!own || primaryOf(shard, members.filter(belongs))) return false;
  if (belongs(own)) {
    if (!followsOther(own, members, views)) return false;
    const connection = await leading.connect(node);
    await connection.command(["CLUSTER", "RESET", "SOFT"], { signal: leading.signal, timeoutMs: leading.patienceMs });
  }
  await joinCluster(node, { ...leading, addressOf: () => "", tell: () => {} });
  for (const member of members) {
    if (member !== own && followsOther(member, members, views)) await replicate(member.instance, node, leading);
  }
  return true;
}

/** Whether it is a replica of a node that answers and is none of its shard: that one has all that it has. */
function followsOther({ primaryId }: NodeView, members: readonly NodeView[], views: readonly NodeView[]): boolean {
  const leader = views.find(({ nodeId }) => nodeId === primaryId);
  return leader !== undefined && !members.includes(leader);
}
