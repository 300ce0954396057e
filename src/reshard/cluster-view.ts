import type { RedisConnection } from "../connect/types.ts";
import { type ClusterNodeLine, parseClusterNodes } from "../topology/parse/cluster-nodes.ts";
import { SLOTS } from "../topology/parse/slots.ts";

/** A node of the cluster, as it sees itself and the others at one moment. */
export interface NodeView {
  /** `r1:7000`, as the inventory names it. */
  readonly instance: string;
  readonly nodeId: string;
  /** Node id of the primary that it follows; null for a primary. */
  readonly primaryId: string | null;
  readonly epoch: number;
  /** Every node that it knows. */
  readonly lines: readonly ClusterNodeLine[];
  /** Node id of the owner by its view, for each slot. */
  readonly owners: readonly (string | undefined)[];
  readonly migrating: ReadonlyMap<number, string>;
  readonly importing: ReadonlyMap<number, string>;
}

/** How the mover reaches nodes. */
export interface Reach {
  /** Fails where the instance does not answer. Each `lane` is another connection, beside the one that all share. */
  connect(instance: string, lane?: number): Promise<RedisConnection>;
  readonly signal: AbortSignal;
}

/** What those of the instances say that answer. Never fails for one that does not. */
export async function readViews(instances: readonly string[], reach: Reach): Promise<NodeView[]> {
  const views = await Promise.all(instances.map((instance) => readView(instance, reach).catch(() => undefined)));
  reach.signal.throwIfAborted();
  return views.filter((view) => view !== undefined);
}

/**
 * The primary of a shard now: whichever of its members is one. After a failover the old one may still hold itself to be the
 * primary for a while; the newest epoch tells. Undefined where no member that is a primary answers.
 */
export function primaryOf(members: readonly string[], views: readonly NodeView[]): NodeView | undefined {
  return views
    .filter(({ instance, primaryId }) => members.includes(instance) && primaryId === null)
    .sort((a, b) => b.epoch - a.epoch)[0];
}

async function readView(instance: string, { connect, signal }: Reach): Promise<NodeView | undefined> {
  const connection = await connect(instance);
  return viewOf(instance, String(await connection.command(["CLUSTER", "NODES"], { signal })));
}

/** The view in an answer to CLUSTER NODES; undefined where it does not name who gave it. Pure. */
export function viewOf(instance: string, nodes: string): NodeView | undefined {
  const lines = parseClusterNodes(nodes);
  const self = lines.find(({ flags }) => flags.includes("myself"));
  if (!self) return undefined;
  const owners: (string | undefined)[] = new Array(SLOTS);
  for (const { id, slots } of lines) {
    for (const [from, to] of slots) owners.fill(id, from, to + 1);
  }
  const open = (slots: typeof self.migrating) => new Map(slots.map(({ slot, nodeId }) => [slot, nodeId]));
  return {
    instance,
    nodeId: self.id,
    primaryId: self.primaryId,
    epoch: self.epoch ?? 0,
    lines,
    owners,
    migrating: open(self.migrating),
    importing: open(self.importing),
  };
}
