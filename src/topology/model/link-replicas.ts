import { parseEndpoint } from "../parse/address.ts";
import type { DataNode } from "../schema.ts";
import type { Directory } from "./directory.ts";
import { placeOf, silentNode } from "./silent.ts";

/**
 * Makes ids of the addresses by which data nodes speak of each other: who follows whom, and which replica each
 * attached connection is. Replicas that nobody lists become nodes of their own. Changes the nodes it is given.
 */
export function linkReplicas(nodes: DataNode[], directory: Directory): void {
  for (const node of nodes) {
    if (node.role !== "replica" || node.primary_id !== null) continue;
    const endpoint = node.primary_address === null ? undefined : parseEndpoint(node.primary_address);
    node.primary_id = (endpoint && directory.find(endpoint, { speaker: node.id })) ?? sameHistory(node, nodes);
  }
  for (const node of [...nodes]) matchAttached(node, nodes, directory);
  for (const node of [...nodes]) {
    for (const line of node.attached) {
      if (line.node_id === null) line.node_id = unlisted(nodes, line.address, node.id).id;
      const replica = nodes.find(({ id }) => id === line.node_id);
      if (!replica || replica.up) continue;
      if (replica.role === "unknown") replica.primary_id ??= node.id;
      if (!replica.known_by.includes(node.id)) replica.known_by.push(node.id);
    }
  }
}

/** A node that nobody lists, known by its address; made when it is first spoken of. */
export function unlisted(nodes: DataNode[], address: string, speaker: string): DataNode {
  let node = nodes.find(({ id }) => id === address);
  if (!node) {
    node = silentNode(placeOf(address));
    nodes.push(node);
  }
  if (!node.up && !node.known_by.includes(speaker)) node.known_by.push(speaker);
  return node;
}

/** Behind NAT the address of the primary means nothing here, but a replica whose link is up shares its replication id. */
function sameHistory(replica: DataNode, nodes: readonly DataNode[]): string | null {
  if (replica.link_up !== true || replica.replid === null) return null;
  const sharing = nodes.filter((node) => node.role === "primary" && node.replid === replica.replid);
  return sharing.length === 1 ? (sharing[0]?.id ?? null) : null;
}

/**
 * Finds the replica behind each attached connection: by address, else by elimination among the replicas that say
 * they follow this node. A primary sees the source address of the connection, which is another one behind NAT and on
 * hosts with several addresses; the port is announced by the replica itself.
 */
function matchAttached(node: DataNode, nodes: readonly DataNode[], directory: Directory): void {
  const taken = new Set<string>();
  for (const line of node.attached) {
    const endpoint = parseEndpoint(line.address);
    const id = endpoint ? directory.find(endpoint, { speaker: node.id }) : null;
    if (id === null || id === node.id || taken.has(id)) continue;
    line.node_id = id;
    taken.add(id);
  }
  const left = () =>
    nodes.filter(
      ({ id, primary_id, link_up, sync_in_progress }) =>
        primary_id === node.id && !taken.has(id) && (link_up === true || sync_in_progress === true),
    );
  const byOffset = (a: { offset: number | null }, b: { offset: number | null }) => (a.offset ?? -1) - (b.offset ?? -1);
  const lines = node.attached.filter((line) => line.node_id === null).sort(byOffset);
  const samePort = (line: (typeof lines)[number]) =>
    left()
      .filter(({ port }) => port === parseEndpoint(line.address)?.port)
      .sort(byOffset)[0];
  for (const pick of [samePort, () => left().sort(byOffset)[0]]) {
    for (const line of lines) {
      const replica = line.node_id === null ? pick(line) : undefined;
      if (!replica) continue;
      line.node_id = replica.id;
      taken.add(replica.id);
    }
  }
}

/**
 * Bytes and seconds that each replica is behind the node it follows. Both ends are read at slightly different times:
 * the fresher of what the replica says and what its primary last heard from it counts, and less than nothing is nothing.
 */
export function measureLag(nodes: readonly DataNode[]): void {
  for (const replica of nodes) {
    const primary = nodes.find(({ id }) => id === replica.primary_id);
    if (!primary || primary === replica) continue;
    const line = primary.attached.find(({ node_id }) => node_id === replica.id);
    replica.lag_s = line?.lag_s ?? null;
    const sameHistory = replica.replid === null || primary.replid === null || replica.replid === primary.replid;
    const applied = Math.max(replica.offset ?? -1, line?.offset ?? -1);
    if (primary.offset !== null && applied >= 0 && (sameHistory || replica.link_up === true)) {
      replica.lag = Math.max(0, primary.offset - applied);
    }
  }
}
