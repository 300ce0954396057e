import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { type NodeView, type Reach, readViews } from "./cluster-view.ts";
import { knows, membersOf } from "./members.ts";

const POLL_MS = 50;

/** Who was told, and who could not be and may bring the node back by what it still believes. */
export interface Forgotten {
  readonly told: readonly string[];
  readonly away: readonly string[];
}

/** What forgetting needs to know of the deployment. */
export interface Forgetting extends Reach {
  readonly instances: readonly string[];
  readonly patienceMs: number;
}

/**
 * Has every node forget one, all at once: each lets nobody talk it into it again for a minute (the blacklist of cluster.c),
 * and by then nobody is left who could. Looks again until nobody knows it. Nothing happens where nobody does.
 *
 * @throws {RedishaError} CLUSTER_NODE_OWNS_SLOTS, CLUSTER_NODE_FOLLOWED (exit 4), CLUSTER_NOT_FORGOTTEN.
 */
export async function forgetNode(nodeId: string, forgetting: Forgetting): Promise<Forgotten> {
  const { instances, patienceMs, signal } = forgetting;
  const deadline = performance.now() + patienceMs;
  const told = new Set<string>();
  for (;;) {
    const views = (await readViews(instances, forgetting)).filter((view) => view.nodeId !== nodeId);
    refuseNeeded(nodeId, views);
    const knowing = views.filter((view) => knows(view, nodeId));
    if (knowing.length === 0) return { told: [...told].sort(), away: awayOf(nodeId, views) };
    if (performance.now() > deadline) throw notForgotten(nodeId, knowing);
    await Promise.all(knowing.map((view) => tell(view, nodeId, forgetting)));
    for (const { instance } of knowing) told.add(instance);
    await sleep(POLL_MS, signal);
  }
}

async function tell({ instance }: NodeView, nodeId: string, { connect, signal }: Forgetting): Promise<void> {
  const connection = await connect(instance);
  try {
    await connection.command(["CLUSTER", "FORGET", nodeId], { signal });
  } catch (error) {
    // Since 7.2 nodes tell each other: somebody may have been quicker.
    if (!(error instanceof RedishaError && /Unknown node/i.test(error.message))) throw error;
  }
}

function refuseNeeded(nodeId: string, views: readonly NodeView[]): void {
  // One that was away may believe what was true then.
  const serving = views.filter(({ owners }) => owners.includes(nodeId));
  if (serving.length * 2 > views.length) {
    throw refusal(
      "CLUSTER_NODE_OWNS_SLOTS",
      `${nodeId} owns slots by what ${serving.map(({ instance }) => instance).join(", ")} say: forgotten, nobody would serve them.`,
      ["redisha cluster remove-node moves them away first", "redisha cluster check shows who believes what"],
    );
  }
  const followers = views.filter(({ primaryId }) => primaryId === nodeId).map(({ instance }) => instance);
  if (followers.length > 0) {
    throw refusal(
      "CLUSTER_NODE_FOLLOWED",
      `${followers.join(", ")} follow ${nodeId}, and cannot forget whom they follow.`,
      ["redisha cluster remove-node gives them another primary first"],
    );
  }
}

/** Members that did not answer, or are not in redisha.yaml, by the address that the others know. */
function awayOf(nodeId: string, views: readonly NodeView[]): string[] {
  const answered = new Set(views.map((view) => view.nodeId));
  const silent = membersOf(views).flatMap(({ lines }) => lines.filter(({ id }) => id !== nodeId && !answered.has(id)));
  return [...new Set(silent.map(({ id, address, port }) => (address === "" ? id : `${address}:${port}`)))].sort();
}

function refusal(code: string, message: string, next: string[]): RedishaError {
  return new RedishaError({ code, message, exit: EXIT.gateRefused, state: "nobody was told to forget it", next });
}

function notForgotten(nodeId: string, knowing: readonly NodeView[]): RedishaError {
  return new RedishaError({
    code: "CLUSTER_NOT_FORGOTTEN",
    message: `${knowing.map(({ instance }) => instance).join(", ")} know ${nodeId} again and again: somebody tells them of it.`,
    state: "all others have forgotten it, for a minute at least",
    next: [
      "does it still run? Then stop it",
      "is there a node that redisha.yaml does not list? redisha status shows it",
    ],
  });
}
