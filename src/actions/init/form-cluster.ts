import { isIP } from "node:net";
import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { reachedBus } from "../../firewall/needs.ts";
import { placeCluster, placeReplicas } from "../../init/place-cluster.ts";
import { refusal } from "../../init/refusal.ts";
import type { Instance } from "../../inventory/model.ts";
import { replicate } from "../../reshard/replicate.ts";
import type { DataNode } from "../../topology/schema.ts";
import { reachOf } from "../cluster/reach.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";

const POLL_MS = 250;
const GOSSIP_MS = 60_000;

/** Makes a Cluster of nodes that know of nobody, or takes those that do not belong to it yet into the one that is there. */
export const clusterForm = defineAction({
  name: "cluster.form",
  summary:
    "Introduces nodes to each other, gives out the slots where there is no Cluster yet, and makes every other node a replica on another host and in another zone than its primary",
  scope: "controller",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({
    met: z.array(z.string()).describe("Nodes that were introduced"),
    primaries: z.array(z.string()).describe("Nodes that got slots"),
    replicas: z.record(z.string(), z.string()).describe("Nodes that were made replicas, and whose"),
  }),
  example: `- id: form
  action: cluster.form
  with: {}
  undo: none`,
  commands: () => [
    { transport: "redis", text: "CLUSTER MEET, where a node knows of nobody" },
    { transport: "redis", text: "CLUSTER ADDSLOTS, where no node has a slot" },
    { transport: "redis", text: "CLUSTER REPLICATE, where a node has no slot and no primary" },
  ],
  repeatable: true,
  async run(_input, context) {
    const instances = context.deployment.instances.filter(({ kind }) => kind === "data");
    const met = await introduce(instances, context);
    const { nodes } = await context.topology({ fresh: true });
    const idle = nodes.filter((node) => node.listed && node.role === "primary" && node.cluster?.slots_count === 0);
    const owners = nodes.filter((node) => (node.cluster?.slots_count ?? 0) > 0 && node.role === "primary");
    const perPrimary = context.deployment.cluster?.replicasPerPrimary ?? 1;
    const placed = owners.length > 0 ? beside(idle, owners, nodes) : placeCluster(idle.map(placeOf), perPrimary);
    if (!placed) throw tooFew(idle.length, perPrimary);
    for (const { id, slots } of placed.primaries) await addSlots(id, slots, instances, context);
    const reach = { ...reachOf(context), patienceMs: GOSSIP_MS };
    for (const { id, of } of placed.replicas) await replicate(id, of, reach);
    const outputs = {
      met,
      primaries: placed.primaries.map(({ id }) => id),
      replicas: Object.fromEntries(placed.replicas.map(({ id, of }) => [id, of])),
    };
    return { outputs, changed: met.length + placed.primaries.length + placed.replicas.length > 0 };
  },
});

/** Has nodes that know of nobody meet one that knows most, and waits until all know all. */
async function introduce(instances: readonly Instance[], context: ActionContext): Promise<string[]> {
  const { nodes } = await context.topology({ fresh: true });
  const listed = nodes.filter(({ listed }) => listed);
  const known = (node: DataNode) => node.cluster?.known_nodes ?? 0;
  const [centre] = [...listed].sort((a, b) => known(b) - known(a));
  const strangers = listed.filter((node) => node.id !== centre?.id && known(node) <= 1);
  const host = instances.find(({ id }) => id === centre?.id);
  if (strangers.length === 0 || !host) return [];
  const redis = await context.redis(host);
  for (const stranger of instances.filter(({ id }) => strangers.some((node) => node.id === id))) {
    const numeric = await numericOf(stranger.address, host, context);
    const ports = [stranger.port, reachedBus(context.deployment, stranger) ?? stranger.port].map(String);
    await redis.command(["CLUSTER", "MEET", numeric, ...ports], { signal: context.signal });
  }
  const deadline = Date.now() + GOSSIP_MS;
  for (;;) {
    const { nodes: now } = await context.topology({ fresh: true });
    const all = now.filter(({ listed }) => listed);
    if (all.every((node) => known(node) >= all.length && node.cluster?.links_down.length === 0)) break;
    if (Date.now() > deadline) throw notMet(all.filter((node) => known(node) < all.length).map(({ id }) => id));
    await sleep(POLL_MS, context.signal);
  }
  return strangers.map(({ id }) => id);
}

/** Nodes are introduced by addresses: a name is looked up where it will be connected to from. */
async function numericOf(address: string, { host }: Instance, context: ActionContext): Promise<string> {
  if (isIP(address) !== 0) return address;
  const shell = await context.shell(host);
  const { stdout } = await shell.script('getent ahosts "$1" | cut -d " " -f 1', [address], { signal: context.signal });
  const [found] = stdout.trim().split("\n");
  if (found) return found;
  throw new RedishaError({
    code: "CLUSTER_NAME_NOT_FOUND",
    message: `${host.name} does not know an address of ${address}, so that nodes cannot be introduced to it.`,
    host: host.name,
    state: "nodes run, and do not know of each other; to init again goes on from here",
    next: [`on ${host.name}: getent hosts ${address}`],
  });
}

function beside(idle: readonly DataNode[], owners: readonly DataNode[], nodes: readonly DataNode[]) {
  const groups = owners.map((owner) => ({
    ...placeOf(owner),
    replicas: nodes.filter(({ primary_id }) => primary_id === owner.id).map(placeOf),
  }));
  return { primaries: [], replicas: placeReplicas(idle.map(placeOf), groups) };
}

function placeOf({ id, host, zone }: DataNode) {
  return { id, host, zone: zone ?? undefined };
}

async function addSlots(
  id: string,
  [first, last]: readonly [number, number],
  instances: readonly Instance[],
  context: ActionContext,
): Promise<void> {
  const slots = Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
  const redis = await context.redis(instanceBy(id, instances));
  await redis.command(["CLUSTER", "ADDSLOTS", ...slots], { signal: context.signal });
}

function instanceBy(id: string, instances: readonly Instance[]): Instance {
  const found = instances.find((instance) => instance.id === id);
  if (!found) throw new TypeError(`${id} is not declared`);
  return found;
}

function tooFew(nodes: number, perPrimary: number): RedishaError {
  return refusal(
    "INIT_TOO_FEW_NODES",
    `${nodes} nodes are too few for three primaries with ${perPrimary} ${perPrimary === 1 ? "replica" : "replicas"} each, which is the least that can fail over.`,
    [`declare ${3 * (perPrimary + 1)} instances, or fewer cluster.replicas_per_primary`],
  );
}

function notMet(ids: readonly string[]): RedishaError {
  return new RedishaError({
    code: "CLUSTER_NOT_MET",
    message: `${ids.join(", ")} have not come to know all others within a minute: is the way to their cluster bus open?`,
    state: "nodes were introduced, no slot was given out; to init again goes on from here",
    next: ["the cluster bus is the port plus 10000, in both directions, from every node to every other"],
  });
}
