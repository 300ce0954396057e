import type { DataNode, Topology } from "./schema.ts";
import { canFullSync, divergesSilently } from "./versions.ts";
import { count, list } from "./words.ts";

/**
 * A replica that an upgrade left on the release from before. It gets what is written by partial resync alone, and leads back
 * without loss for as long as nothing was missed. It needs two directives for that, and shows by them what it is:
 * `propagation-error-behavior panic` ends it at a command that it does not know, before it is behind by one, and
 * `repl-diskless-load swapdb` has it keep its data where it is sent a full sync, which it cannot load. Measured with Redis
 * 7.0.15 below 8.0.2.
 */
export interface RollbackStandby {
  readonly node: DataNode;
  /** The primary that it follows, where there is one that answers. */
  readonly primary: DataNode | undefined;
  /** Why it does not lead back without loss, each in a clause; empty where it does. */
  readonly unsound: readonly string[];
}

/** Those that are kept for the way back, by their settings or by redisha.yaml, with what became of them. */
export function rollbackStandbys(topology: Topology): RollbackStandby[] {
  return topology.nodes.flatMap((node) => {
    const primary = primaryOf(node, topology);
    const older = primary !== undefined && node.version !== null && !canFullSync(primary, node);
    const kept = older && node.role === "replica" && isKeptBack(node);
    // One that stopped itself says nothing any more.
    const declared = node.standby && (older || node.version === null);
    return kept || declared ? [{ node, primary, unsound: whyUnsound(node, primary) }] : [];
  });
}

/** Whether its settings are those of a standby, whatever the releases are. */
export function isKeptBack(node: DataNode): boolean {
  return endsAtErrors(node) && keepsData(node);
}

/**
 * A full sync needs no looking for: what the primary writes cannot be loaded, so a link that is up has come by partial resync,
 * and each before it, too.
 */
function whyUnsound(node: DataNode, primary: DataNode | undefined): string[] {
  if (!node.up)
    return ["it does not answer: it ends itself at a command that it does not know, and its log names that"];
  if (node.role !== "replica") return ["it follows nobody"];
  if (!primary) return ["the one that it follows does not answer"];
  return [
    ...(node.primary_id === primary.id ? [] : [`it follows ${node.primary_id ?? "a stranger"}, not the primary`]),
    ...(node.link_up === true ? [] : ["its link is down, and it has missed what was written since"]),
    ...(node.link_up === true && node.replid !== primary.replid ? ["its data is of another history"] : []),
    ...(node.unexpected_errors === 0 ? [] : [`${failedOn(node)} failed on it`]),
    ...(endsAtErrors(node)
      ? []
      : ["it would go on behind a command that it does not know (propagation-error-behavior)"]),
    ...(keepsData(node) ? [] : ["a full sync would empty it (repl-diskless-load)"]),
    ...(node.read_only === true ? [] : ["it takes writes of its own (replica-read-only)"]),
    ...(divergesSilently(primary, node) ? ["it drops what it does not know without a sign"] : []),
  ];
}

function failedOn({ unexpected_errors }: DataNode): string {
  return unexpected_errors === null ? "an unknown number of commands" : count(unexpected_errors, "command");
}

/** `panic-on-replicas` does the same for a replica (redis.conf of 7.0). */
function endsAtErrors({ on_replicated_error }: DataNode): boolean {
  return on_replicated_error?.startsWith("panic") === true;
}

function keepsData({ diskless_load }: DataNode): boolean {
  return diskless_load === "swapdb";
}

/** Of its shard; of a group the one on which the views agree. */
function primaryOf({ id }: DataNode, { kind, nodes, shards, primary_id }: Topology): DataNode | undefined {
  const shard = shards.find(({ replica_ids }) => replica_ids.includes(id));
  const primary = nodes.find((node) => node.id === (kind === "cluster" ? shard?.primary_id : primary_id));
  return primary?.up && primary.id !== id ? primary : undefined;
}

/** `r3:6379 is no way back any more: …` */
export function saidOf({ node, unsound }: RollbackStandby): string {
  return unsound.length === 0
    ? `${node.id} is kept on ${node.version} and leads back without loss`
    : `${node.id} is no way back any more: ${list(unsound)}`;
}
