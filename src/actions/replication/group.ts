import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { addressOf } from "../../topology/after-switchover.ts";
import { parseEndpoint } from "../../topology/parse/address.ts";
import type { DataNode, Topology } from "../../topology/schema.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";

/** A data node of the group that is switched over, with a connection that is open before anything is stopped. */
export interface Member {
  readonly id: string;
  readonly instance: Instance;
  readonly node: DataNode;
  readonly connection: RedisConnection;
  /** By which the others know it. */
  readonly endpoint: { readonly address: string; readonly port: number };
}

export interface Group {
  readonly topology: Topology;
  readonly primary: Member;
  /** Those that could be promoted: they answer, follow the primary with a link that is up, and their priority is not 0. */
  readonly replicas: readonly Member[];
}

/** Looks at the group whose primary the step is for; `to` is empty where any replica will do. Fails with NOT_PRIMARY, NO_REPLICA_READY or NOT_A_TARGET. */
export async function groupOf(to: string, context: ActionContext): Promise<Group> {
  const instance = instanceOf(context);
  const topology = await context.topology({ fresh: true });
  const node = topology.nodes.find(({ id }) => id === instance.id);
  if (node?.role !== "primary") throw notPrimary(instance.id, node);
  const following = topology.nodes.filter(({ role, primary_id }) => role === "replica" && primary_id === node.id);
  const behind = following.find((each) => each.up && each.link_up !== true && each.priority !== 0);
  if (behind) throw notReady(behind, "its link to the primary is down, and it could be promoted nevertheless");
  const ready = following.filter(({ up, link_up, priority }) => up && link_up === true && priority !== 0);
  if (to !== "" && !ready.some(({ id }) => id === to)) throw noTarget(to, topology.nodes);
  if (ready.length === 0) throw nobodyReady(node.id);
  const [primary, ...replicas] = await Promise.all([node, ...ready].map((each) => memberOf(each, context)));
  if (!primary) throw nobodyReady(node.id);
  return { topology, primary, replicas };
}

/** By which the others know an instance. Fails with NOT_A_TARGET. */
export function endpointOf(id: string, { nodes }: Topology): Member["endpoint"] {
  const node = nodes.find((each) => each.id === id);
  const endpoint = node && parseEndpoint(addressOf(node));
  if (!endpoint) throw noTarget(id, nodes);
  return endpoint;
}

async function memberOf(node: DataNode, context: ActionContext): Promise<Member> {
  const instance = context.deployment.instances.find(({ id }) => id === node.id);
  const endpoint = parseEndpoint(addressOf(node));
  if (!instance || !endpoint)
    throw notReady(node, "it is not listed in redisha.yaml, and could be promoted nevertheless");
  return { id: node.id, instance, node, endpoint, connection: await context.redis(instance) };
}

function notPrimary(id: string, node: DataNode | undefined): RedishaError {
  return new RedishaError({
    code: "NOT_PRIMARY",
    message: `${id} is ${node?.role === "replica" ? "a replica" : "no primary"} now, and a switchover starts from the primary.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status"],
  });
}

function notReady({ id }: DataNode, why: string): RedishaError {
  return new RedishaError({
    code: "REPLICA_NOT_READY",
    message: `${id} must not be promoted: ${why}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status", `keep it from being promoted: CONFIG SET replica-priority 0 on ${id}`],
  });
}

function noTarget(to: string, nodes: readonly DataNode[]): RedishaError {
  const node = nodes.find(({ id }) => id === to);
  const why = !node ? "there is no such instance" : whyNot(node);
  return new RedishaError({
    code: "NOT_A_TARGET",
    message: `${to} cannot become the primary: ${why}.`,
    host: to,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status --wide"],
  });
}

function whyNot({ up, role, priority, link_up }: DataNode): string {
  if (!up) return "it does not answer";
  if (role === "primary") return "it is a primary";
  if (priority === 0) return "its replica-priority is 0";
  return link_up === true ? "it does not follow this primary" : "its link to the primary is down";
}

function nobodyReady(primary: string): RedishaError {
  return new RedishaError({
    code: "NO_REPLICA_READY",
    message: `No replica of ${primary} could take over: none answers with its link up and a priority other than 0.`,
    host: primary,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status"],
  });
}
