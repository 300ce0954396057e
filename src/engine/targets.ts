import type { Deployment, Instance } from "../inventory/model.ts";
import type { EvalContext, Targets } from "../runbook/model.ts";
import type { DataNode, SentinelNode, Topology } from "../topology/schema.ts";

/** One target of a step: the declared instance, with what the live model says of it. */
export interface Target {
  readonly id: string;
  readonly instance: Instance;
  /** What expressions see as `host`. */
  readonly live: DataNode | SentinelNode | undefined;
}

/**
 * The instances a step works on, by their role in the live model. Role `data`, `sentinel` and `any` include instances
 * that did not answer, since a step may be there to find that out; `primary` and `replica` need an answer.
 */
export function selectTargets(
  targets: Targets,
  deployment: Deployment,
  topology: Topology,
  contextOf: (live: unknown) => EvalContext,
): Target[] {
  const live = new Map<string, DataNode | SentinelNode>([
    ...topology.nodes.map((node) => [node.id, node] as const),
    ...topology.sentinels.map((node) => [node.id, node] as const),
  ]);
  let found = deployment.instances
    .map((instance) => ({ id: instance.id, instance, live: live.get(instance.id) }))
    .filter((target) => hasRole(target, targets.role))
    .filter(
      (target) => !targets.hosts || targets.hosts.some((h) => h === target.id || h === target.instance.host.name),
    );
  const { where, orderBy } = targets;
  if (where) found = found.filter((target) => where.evaluate(contextOf(target.live ?? { id: target.id })) === true);
  if (orderBy) {
    const key = new Map(
      found.map((target) => [target.id, orderBy.evaluate(contextOf(target.live ?? { id: target.id }))]),
    );
    found.sort((a, b) => compare(key.get(a.id), key.get(b.id)) || compare(a.id, b.id));
  }
  if (targets.per === "host") found = firstOfEach(found);
  return targets.limit === undefined ? found : found.slice(0, targets.limit);
}

function firstOfEach(targets: readonly Target[]): Target[] {
  const perHost = new Map<string, Target>();
  for (const target of targets) {
    const { name } = target.instance.host;
    if (!perHost.has(name)) perHost.set(name, target);
  }
  return [...perHost.values()];
}

function hasRole(target: Target, role: Targets["role"]): boolean {
  const { instance, live } = target;
  switch (role) {
    case "any":
      return true;
    case "data":
    case "sentinel":
      return instance.kind === role;
    default:
      return live !== undefined && "role" in live && live.role === role;
  }
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
