import type { RedisConnection } from "../connect/types.ts";
import type { Reach } from "./cluster-view.ts";
import { all } from "./orders.ts";
import { serverInfo } from "./server-info.ts";
import { tellsReplicas } from "./tells-replicas.ts";

/** So many orders are carried out in one go, and everybody reads of them: 64 kept every node from its clients for three milliseconds. */
const LANES = 16;

/** Connections to one node, side by side. */
export type Lanes = readonly [RedisConnection, ...RedisConnection[]];

/**
 * What orders about slots go over, this connection first. Valkey 8 and later have a connection wait with each of them until the
 * replicas have taken it (cluster_legacy.c, clusterCommandSetSlot): 640 over one took 0.4 s where over 16 they took 0.04.
 * Those that cannot be had, as behind maxclients, are done without. A Redis takes all at once.
 */
export async function lanesTo(node: RedisConnection, { connect, signal }: Reach): Promise<Lanes> {
  if (!tellsReplicas(await serverInfo(node, signal))) return [node];
  const opening = Array.from({ length: LANES - 1 }, (_, at) => connect(node.instance, at + 1));
  const results = await Promise.allSettled(opening);
  return [node, ...results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []))];
}

/** Sends orders that do not depend on each other; fails with the first that does, once all have been answered. */
export async function over(lanes: Lanes, argvs: readonly (readonly string[])[], signal: AbortSignal): Promise<void> {
  const shares = lanes.map((_, lane) => argvs.filter((_, at) => at % lanes.length === lane));
  const results = await Promise.allSettled(lanes.map((lane, at) => all(lane, shares[at] ?? [], signal)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
