import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { type NodeView, type Reach, readViews } from "./cluster-view.ts";
import { introduce } from "./introduce.ts";
import { knows, membersOf, sameOwners, settledLines, talksTo } from "./members.ts";

const POLL_MS = 100;

/** An introduction that came to nothing is forgotten after node-timeout, at least a second; then it may be made again. */
const AGAIN_MS = 2_000;

/** What joining needs to know of the deployment. */
export interface Joining extends Reach {
  readonly instances: readonly string[];
  /** Where redisha reaches an instance: for one whose own address the cluster does not know yet. */
  addressOf(instance: string): string;
  readonly patienceMs: number;
  tell(message: string): void;
}

/**
 * Has a node that knows nobody meet every member of the cluster, and waits until all know and reach it and it agrees with
 * them on who owns what. Gossip would spread the news one ping a second: with every pair introduced all know at once.
 * Gives whether anybody had to be introduced. One that is a member already is left as it is.
 *
 * @throws {RedishaError} CLUSTER_OTHER_MEMBER, CLUSTER_NOT_FOUND (exit 4), CLUSTER_NOT_MET.
 */
export async function joinCluster(newcomer: string, joining: Joining): Promise<{ nodeId: string; met: boolean }> {
  const { instances, patienceMs, signal } = joining;
  const deadline = performance.now() + patienceMs;
  let introduced = Number.NEGATIVE_INFINITY;
  let met = false;
  for (;;) {
    const views = await readViews(instances, joining);
    const members = membersOf(views, newcomer);
    const own = views.find(({ instance }) => instance === newcomer);
    if (members.length === 0) throw noCluster(newcomer);
    if (own) {
      refuseForeign(own, members);
      const missing = members.filter((each) => !knows(own, each.nodeId) || !knows(each, own.nodeId));
      const apart = members.filter((each) => !talksTo(own, each.nodeId) || !talksTo(each, own.nodeId));
      if (apart.length === 0 && members.every((each) => sameOwners(each, own))) return { nodeId: own.nodeId, met };
      if (missing.length > 0 && performance.now() - introduced > AGAIN_MS) {
        await introduce(own, missing, joining, joining.addressOf);
        introduced = performance.now();
        met = true;
      }
      joining.tell(`${members.length - apart.length} of ${members.length} nodes talk with it`);
    }
    if (performance.now() > deadline) throw notMet(newcomer, own, members);
    await sleep(POLL_MS, signal);
  }
}

/** One that knows others and none of these would bring its own cluster along, and both would become one. */
function refuseForeign(own: NodeView, members: readonly NodeView[]): void {
  const others = settledLines(own).filter(({ id }) => id !== own.nodeId);
  if (others.length === 0 || others.some(({ id }) => members.some((each) => knows(each, id)))) return;
  throw new RedishaError({
    code: "CLUSTER_OTHER_MEMBER",
    message: `${own.instance} belongs to another cluster: it knows ${others.length} nodes, and none of them is in this one.`,
    host: own.instance,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["take it out of that one first", `redis-cli CLUSTER NODES on ${own.instance} shows whom it knows`],
  });
}

function noCluster(newcomer: string): RedishaError {
  return new RedishaError({
    code: "CLUSTER_NOT_FOUND",
    message: `No node that answers serves a slot: there is no cluster that ${newcomer} could join.`,
    host: newcomer,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["redisha status", "redisha init makes a cluster of servers that are empty"],
  });
}

function notMet(newcomer: string, own: NodeView | undefined, members: readonly NodeView[]): RedishaError {
  const without = own ? members.filter((each) => !talksTo(each, own.nodeId) || !talksTo(own, each.nodeId)) : members;
  return new RedishaError({
    code: "CLUSTER_NOT_MET",
    message: own
      ? `${newcomer} and ${without.map(({ instance }) => instance).join(", ")} have not come to talk with each other, or do not agree on who owns what.`
      : `${newcomer} does not answer.`,
    host: newcomer,
    state: "it was introduced, and owns nothing",
    next: [
      "the cluster bus is the port plus 10000, in both directions, from every node to every other",
      "redisha cluster check tries it",
    ],
  });
}
