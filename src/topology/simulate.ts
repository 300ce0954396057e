import { isVouchedFor } from "./model/primary-views.ts";
import { bestCandidate, promotionObstacle } from "./promotable.ts";
import type { DataNode, Shard, Topology } from "./schema.ts";
import { authority, mayFailOver } from "./sentinel-authority.ts";
import { count } from "./words.ts";

/** What would become of the deployment if some of it were lost at once. */
export interface Outcome {
  /** Writes go on, after a failover where one is needed. */
  readonly survives: boolean;
  /** What stops writes, in plain words. */
  readonly reasons: readonly string[];
  readonly promotions: readonly { readonly shard: string; readonly from: string; readonly to: string }[];
}

/**
 * Loses instances (by id) or whole hosts (by name) and says whether writes would go on: a failover must be authorised,
 * a replica must be there to be promoted, and min-replicas-to-write must be met afterwards. Pure; losses already
 * suffered stay suffered.
 */
export function simulate(topology: Topology, loss: readonly string[]): Outcome {
  const gone = new Set(loss);
  const lost = new Set(
    [...topology.nodes, ...topology.sentinels]
      .filter(({ id, host }) => gone.has(id) || gone.has(host))
      .map(({ id }) => id),
  );
  return topology.kind === "cluster" ? loseOfCluster(topology, lost) : loseOfGroup(topology, lost);
}

function loseOfGroup(topology: Topology, lost: ReadonlySet<string>): Outcome {
  const primary = topology.nodes.find(({ id }) => id === topology.primary_id);
  if (!primary) return stops("there is no primary");
  const alive = (node: DataNode) => node.up && !lost.has(node.id);
  if (!lost.has(primary.id)) {
    if (!primary.up)
      return isVouchedFor(primary, topology.nodes, topology.sentinels) ? goesOn() : stops("there is no primary");
    const good = goodReplicas(primary, lost);
    const wanted = wantedReplicas(primary);
    if (good < wanted) return stops(refusal(primary, good, wanted));
    return primary.writable ? goesOn() : stops(`${primary.id} does not take writes`);
  }
  if (topology.kind === "replication") return stops(`${primary.id} is lost and nothing promotes a replica by itself`);
  const found = authority(topology, lost);
  if (!found) return stops("no Sentinel is left to order a failover");
  if (!mayFailOver(found)) {
    const needs =
      found.reachable < found.majority ? `${found.majority} for a majority` : `the quorum of ${found.quorum}`;
    return stops(`${found.reachable} of ${count(found.voters, "Sentinel")} left, below ${needs}`);
  }
  const candidates = topology.nodes.filter(
    (node) => alive(node) && node.id !== primary.id && promotionObstacle(topology, node, primary) === null,
  );
  const next = bestCandidate(candidates);
  if (!next) return stops("no replica is left that could be promoted");
  const wanted = wantedReplicas(next);
  const others = topology.nodes.filter(
    (node) =>
      alive(node) &&
      node.role === "replica" &&
      node.id !== next.id &&
      [primary.id, next.id].includes(node.primary_id ?? ""),
  );
  if (others.length < wanted) return stops(refusal(next, others.length, wanted));
  return { survives: true, reasons: [], promotions: [{ shard: "main", from: primary.id, to: next.id }] };
}

/**
 * Primaries with slots vote on promotions, and a majority of all of them is needed, the dead ones counted. Shards are
 * lost together here; a shard that was healed between two losses would be better off.
 */
function loseOfCluster(topology: Topology, lost: ReadonlySet<string>): Outcome {
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const reasons: string[] = [];
  const promotions: { shard: string; from: string; to: string }[] = [];
  if (topology.shards.length === 0) return stops("no node owns slots");
  const alive = (id: string | null) => id !== null && nodes.get(id)?.up === true && !lost.has(id);
  const voters = topology.shards.filter(({ primary_id }) => alive(primary_id)).length;
  const majority = Math.floor(topology.shards.length / 2) + 1;
  if (voters < majority) {
    reasons.push(
      `${voters} of ${count(topology.shards.length, "primary", "primaries")} left, below the majority of ${majority}`,
    );
  }
  for (const shard of topology.shards) {
    const primary = shard.primary_id === null ? undefined : nodes.get(shard.primary_id);
    if (alive(shard.primary_id) && primary) {
      const blocked = shortOfReplicas(primary, lost);
      if (blocked) reasons.push(blocked);
      continue;
    }
    const next = bestCandidate(candidatesOf(topology, shard, primary, alive, nodes));
    if (next) promotions.push({ shard: shard.id, from: shard.primary_id ?? "nobody", to: next.id });
    else reasons.push(`no replica of slots ${shard.id} is left that could be promoted`);
  }
  if (topology.cluster && topology.cluster.slots_assigned < 16_384) reasons.push("some slots have no owner");
  return reasons.length === 0 ? { survives: true, reasons, promotions } : { survives: false, reasons, promotions: [] };
}

function candidatesOf(
  topology: Topology,
  shard: Shard,
  primary: DataNode | undefined,
  alive: (id: string) => boolean,
  nodes: ReadonlyMap<string, DataNode>,
): DataNode[] {
  return shard.replica_ids
    .filter(alive)
    .map((id) => nodes.get(id))
    .filter((node) => node !== undefined)
    .filter((node) => promotionObstacle(topology, node, primary) === null);
}

function shortOfReplicas(primary: DataNode, lost: ReadonlySet<string>): string | undefined {
  const wanted = wantedReplicas(primary);
  const good = goodReplicas(primary, lost);
  return good < wanted ? refusal(primary, good, wanted) : undefined;
}

/** Good replicas by the primary's own count, less those that are lost. */
function goodReplicas(primary: DataNode, lost: ReadonlySet<string>): number {
  const gone = primary.attached.filter(
    ({ node_id, state, lag_s }) =>
      node_id !== null &&
      lost.has(node_id) &&
      state === "online" &&
      (lag_s ?? 0) <= (primary.min_replicas_max_lag ?? 10),
  ).length;
  return Math.max(0, (primary.good_replicas ?? primary.attached.length) - gone);
}

function wantedReplicas(node: DataNode): number {
  return node.min_replicas_max_lag === 0 ? 0 : (node.min_replicas_to_write ?? 0);
}

function refusal(node: DataNode, good: number, wanted: number): string {
  return `${node.id} would refuse writes: min-replicas-to-write is ${wanted} and ${count(good, "replica")} would be left`;
}

function goesOn(): Outcome {
  return { survives: true, reasons: [], promotions: [] };
}

function stops(reason: string): Outcome {
  return { survives: false, reasons: [reason], promotions: [] };
}
