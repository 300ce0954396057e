import { isGone } from "../parse/sentinel-map.ts";
import type { DataNode, SentinelNode } from "../schema.ts";
import { unlisted } from "./link-replicas.ts";
import { placeOf, silentSentinel } from "./silent.ts";

/**
 * Adds what only Sentinels know: data nodes and other Sentinels that redisha.yaml does not list, who an instance that
 * did not answer follows, and the ids of Sentinels too old for SENTINEL MYID. What a Sentinel itself holds to be gone
 * stays in its own list and becomes no node. Changes what it is given.
 */
export function linkSentinels(nodes: DataNode[], sentinels: SentinelNode[]): void {
  for (const sentinel of [...sentinels]) {
    if (sentinel.primary_id === null && sentinel.primary_address !== null) {
      sentinel.primary_id = unlisted(nodes, sentinel.primary_address, sentinel.id).id;
    }
    const primary = sentinel.primary_id;
    if (primary !== null) noteHearsay(nodes, primary, sentinel.id);
    for (const replica of sentinel.known_replicas) {
      if (replica.node_id === null && !isGone(replica.flags)) {
        replica.node_id = unlisted(nodes, replica.address, sentinel.id).id;
      }
      if (replica.node_id === null) continue;
      noteHearsay(nodes, replica.node_id, sentinel.id);
      const node = nodes.find(({ id }) => id === replica.node_id);
      if (node && node.role === "unknown" && primary !== node.id) node.primary_id ??= primary;
    }
    for (const peer of sentinel.known_sentinels) linkPeer(sentinels, sentinel, peer);
  }
}

function linkPeer(
  sentinels: SentinelNode[],
  speaker: SentinelNode,
  peer: SentinelNode["known_sentinels"][number],
): void {
  if (peer.sentinel_id === null && !isGone(peer.flags)) {
    if (!sentinels.some(({ id }) => id === peer.address)) sentinels.push(silentSentinel(placeOf(peer.address)));
    peer.sentinel_id = peer.address;
  }
  const known = sentinels.find(({ id }) => id === peer.sentinel_id);
  if (!known) return;
  if (!known.up && !known.known_by.includes(speaker.id)) known.known_by.push(speaker.id);
  if (peer.run_id !== "") known.run_id ??= peer.run_id;
}

function noteHearsay(nodes: readonly DataNode[], id: string, speaker: string): void {
  const node = nodes.find((candidate) => candidate.id === id);
  if (node && !node.up && !node.known_by.includes(speaker)) node.known_by.push(speaker);
}
