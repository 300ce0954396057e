import type { Observation } from "../observation.ts";
import { naturalCompare } from "../order.ts";
import { type ClusterNodeLine, parseClusterNodes } from "../parse/cluster-nodes.ts";
import { toInt } from "../parse/info.ts";
import { countSlots, joinRanges, printRange } from "../parse/slots.ts";
import type { DataNode, Shard, Topology } from "../schema.ts";
import { clusterFacts, hearsayFacts, isFailing, ownsSlots, signatureOf } from "./cluster-facts.ts";
import { ClusterIds } from "./cluster-ids.ts";
import type { Directory } from "./directory.ts";

/** What the nodes of a cluster say, put together. */
export interface ClusterModel {
  readonly shards: Shard[];
  readonly summary: Topology["cluster"];
}

interface View {
  readonly observation: Observation;
  readonly lines: readonly ClusterNodeLine[];
  readonly signature: string;
  readonly epoch: number;
}

/**
 * Adds to the nodes what the cluster bus knows. Each node is the authority on itself; a node that did not answer is
 * described by the view that most nodes share (of equals, the one with the newest epoch). Changes the nodes it is given.
 */
export function linkCluster(
  nodes: DataNode[],
  observations: readonly Observation[],
  directory: Directory,
): ClusterModel {
  const views = observations.flatMap(toView);
  const members = views.filter(({ lines }) => !isAlone(lines));
  const best = bestView(members.length > 0 ? members : views);
  if (!best) return { shards: [], summary: null };
  const ids = new ClusterIds(
    nodes,
    views.map(({ observation }) => observation.instance),
    directory,
  );
  for (const view of views) {
    for (const line of view.lines) ids.learn(line, view.observation.instance);
  }
  for (const view of views) {
    const node = nodes.find(({ id }) => id === view.observation.instance);
    if (!node) continue;
    node.cluster = clusterFacts(view.observation, view.lines, ids);
    const followed = view.lines.find(({ flags }) => flags.includes("myself"))?.primaryId ?? null;
    if (followed !== null) node.primary_id = ids.of(followed);
  }
  for (const line of best.lines) {
    const node = nodes.find(({ id }) => id === ids.of(line.id));
    if (!node) continue;
    node.cluster ??= hearsayFacts(line);
    if (!node.up && line.primaryId !== null) node.primary_id = ids.of(line.primaryId);
  }
  const shards = shardsOf(best.lines, nodes, ids);
  for (const shard of shards) {
    for (const id of [shard.primary_id, ...shard.replica_ids]) {
      const node = nodes.find((candidate) => candidate.id === id);
      if (node?.cluster) node.cluster.shard = shard.id;
    }
  }
  return { shards, summary: summaryOf(members.length > 0 ? members : views, best) };
}

function toView(observation: Observation): View[] {
  const lines = parseClusterNodes(observation.cluster?.nodes ?? "");
  if (lines.length === 0) return [];
  const epoch = toInt(observation.cluster?.info.cluster_current_epoch) ?? 0;
  return [{ observation, lines, signature: signatureOf(lines), epoch }];
}

/** A server that knows nobody and owns nothing: it is to be taken in, or was taken out, and has no say. */
function isAlone(lines: readonly ClusterNodeLine[]): boolean {
  return lines.length === 1 && lines.every((line) => !ownsSlots(line));
}

/** Views come in the order of ids, so that equals are settled the same way every time. */
function bestView(views: readonly View[]): View | undefined {
  const sharing = (view: View) => views.filter(({ signature }) => signature === view.signature).length;
  return [...views].sort((a, b) => sharing(b) - sharing(a) || b.epoch - a.epoch)[0];
}

/** Owners by the best view; replicas by their own words, which gossip may not have carried to everybody yet. */
function shardsOf(lines: readonly ClusterNodeLine[], nodes: readonly DataNode[], ids: ClusterIds): Shard[] {
  return lines
    .filter(ownsSlots)
    .map((line) => ({ line, slots: joinRanges(line.slots) }))
    .sort((a, b) => (a.slots[0]?.[0] ?? 0) - (b.slots[0]?.[0] ?? 0))
    .map(({ line, slots }) => ({
      id: printRange(slots[0] ?? [0, 0]),
      primary_id: ids.of(line.id),
      replica_ids: nodes
        .filter(
          ({ id, primary_id, role }) =>
            primary_id !== null && primary_id === ids.of(line.id) && role !== "primary" && id !== primary_id,
        )
        .map(({ id }) => id)
        .sort(naturalCompare),
      slots,
    }));
}

function summaryOf(views: readonly View[], best: View): Topology["cluster"] {
  const owners = best.lines.filter(ownsSlots);
  const states = views.map(({ observation }) => observation.cluster?.info.cluster_state ?? "unknown");
  const ok = states.filter((state) => state === "ok").length;
  return {
    state: ok * 2 > states.length ? "ok" : (states.find((state) => state !== "ok") ?? "ok"),
    slots_assigned: countSlots(owners.flatMap(({ slots }) => [...slots])),
    slots_ok: countSlots(owners.filter((line) => !isFailing(line)).flatMap(({ slots }) => [...slots])),
    size: owners.length,
    epoch: toInt(best.observation.cluster?.info.cluster_current_epoch),
  };
}
