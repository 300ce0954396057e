import type { Expression, Invariant } from "../runbook/model.ts";
import type { DataNode, SentinelNode, Topology } from "../topology/schema.ts";
import { simulate } from "../topology/simulate.ts";
import type { Frame } from "./frame.ts";

/**
 * What the deployment is able to do while these instances are away, in one sentence: whether writes go on, which
 * replicas and Sentinels are left, and which invariants would not hold. Pure.
 */
export function healthWithout(
  topology: Topology,
  away: readonly string[],
  invariants: readonly Invariant[],
  frame: Frame,
): string {
  const { survives, reasons, promotions } = simulate(topology, away);
  const left = without(topology, away);
  const writes = survives
    ? `writes go on${promotions.map(({ to }) => ` after a failover to ${to}`).join("")}`
    : `writes stop: ${reasons.join("; ")}`;
  return `while ${away.join(", ")} ${away.length === 1 ? "is" : "are"} away: ${[writes, ...able(left, invariants, frame)].join(", ")}`;
}

/**
 * What the deployment is once a step has succeeded that moves roles, in one sentence: who the new primaries are, whether
 * writes go on, and the rest as above. Pure.
 */
export function healthAfter(before: Topology, after: Topology, invariants: readonly Invariant[], frame: Frame): string {
  const { survives, reasons } = simulate(after, []);
  const moved = after.shards
    .filter(({ id, primary_id }) => before.shards.find((shard) => shard.id === id)?.primary_id !== primary_id)
    .map(({ id, primary_id }) => `${primary_id} is the primary${after.kind === "cluster" ? ` of ${id}` : ""}`);
  const writes = survives ? "writes go on" : `writes stop: ${reasons.join("; ")}`;
  return `afterwards: ${[...moved, writes, ...able(after, invariants, frame)].join(", ")}`;
}

/** The replicas and Sentinels that are there, and the invariants that do not hold. */
function able(topology: Topology, invariants: readonly Invariant[], frame: Frame): string[] {
  const ready = topology.nodes.filter(({ role, up, link_up }) => role === "replica" && up && link_up === true).length;
  const parts = [`${ready} ${ready === 1 ? "replica" : "replicas"} in sync`];
  if (topology.sentinels.length > 0) {
    parts.push(`${topology.sentinels.filter(({ up }) => up).length} of ${topology.sentinels.length} Sentinels`);
  }
  const broken = invariants.filter(({ assert }) => !holds(assert, frame, topology)).map(({ id }) => id);
  if (broken.length > 0)
    parts.push(`${broken.length === 1 ? "invariant" : "invariants"} ${broken.join(", ")} would not hold`);
  return parts;
}

/** The model as it would look without these instances. */
function without(topology: Topology, away: readonly string[]): Topology {
  const isAway = (node: DataNode | SentinelNode) => away.includes(node.id) || away.includes(node.host);
  return {
    ...topology,
    nodes: topology.nodes.map((node) =>
      isAway(node) ? { ...node, up: false, writable: false, link_up: node.role === "replica" ? false : null } : node,
    ),
    sentinels: topology.sentinels.map((node) => (isAway(node) ? { ...node, up: false } : node)),
  };
}

function holds(assert: Expression, frame: Frame, topology: Topology): boolean {
  try {
    return assert.evaluate(frame.context(topology)) === true;
  } catch {
    return false;
  }
}
