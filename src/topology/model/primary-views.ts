import { isGone } from "../parse/sentinel-map.ts";
import type { DataNode, PrimaryView, SentinelNode } from "../schema.ts";

/** Who the primary is, by each that was asked: redisha.yaml, the nodes themselves, their replicas, every Sentinel. */
export function primaryViews(nodes: readonly DataNode[], sentinels: readonly SentinelNode[]): PrimaryView[] {
  const configured = nodes.find(({ initial_primary }) => initial_primary);
  const views: PrimaryView[] = [];
  if (configured) views.push({ source: "configured", primary_id: configured.id, address: endpointOf(configured) });
  for (const node of nodes) {
    if (node.role === "primary") views.push({ source: "info", primary_id: node.id, address: endpointOf(node) });
  }
  for (const node of nodes) {
    if (node.role === "replica") {
      views.push({ source: `replica ${node.id}`, primary_id: node.primary_id, address: node.primary_address });
    }
  }
  for (const sentinel of sentinels) {
    if (!sentinel.watching) continue;
    views.push({
      source: `sentinel ${sentinel.id}`,
      primary_id: sentinel.primary_id,
      address: sentinel.primary_address,
    });
  }
  return views;
}

/**
 * The primary on which the views agree best. Among those that answer as one: the one that most Sentinels name, then the
 * one with most replicas on a working link, then the one that Redis itself would keep (most data), then the declared one.
 * Where none answers as one: the node that did not answer us but is vouched for. Otherwise there is none.
 */
export function choosePrimary(nodes: readonly DataNode[], sentinels: readonly SentinelNode[]): string | null {
  const named = (id: string) => sentinels.filter((sentinel) => sentinel.watching && sentinel.primary_id === id).length;
  const followed = (id: string) =>
    nodes.filter(({ primary_id, link_up }) => primary_id === id && link_up === true).length;
  const candidates = nodes
    .filter((node) => node.up && node.role === "primary")
    .map((node) => ({
      id: node.id,
      score: [named(node.id), followed(node.id), node.offset ?? 0, node.initial_primary ? 1 : 0],
    }))
    .sort((a, b) => compareScores(b.score, a.score));
  return candidates[0]?.id ?? nodes.find((node) => isVouchedFor(node, nodes, sentinels))?.id ?? null;
}

/** Replicas hear from a primary at least every repl-ping-replica-period, 10 s unless changed. */
const PING_PERIOD_S = 11;

/**
 * A primary that did not answer us may serve everybody else: its replicas still hear from it, and no Sentinel that
 * names it holds it to be down.
 */
export function isVouchedFor(node: DataNode, nodes: readonly DataNode[], sentinels: readonly SentinelNode[]): boolean {
  if (node.role !== "unknown" || node.reach.ok) return false;
  const naming = sentinels.filter((sentinel) => sentinel.watching && sentinel.primary_id === node.id);
  if (naming.some(({ flags }) => isGone(flags))) return false;
  // Its replicas may have been followers of a follower: only a node that itself follows nobody is a primary.
  if (node.primary_id !== null) return false;
  return nodes.some(
    ({ primary_id, link_up, last_io_s }) =>
      primary_id === node.id && link_up === true && last_io_s !== null && last_io_s < PING_PERIOD_S,
  );
}

function compareScores(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}

function endpointOf({ address, port }: DataNode): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
