import type { Observation } from "../observation.ts";
import type { ClusterNodeLine } from "../parse/cluster-nodes.ts";
import { toInt } from "../parse/info.ts";
import { countSlots, joinRanges, printRange } from "../parse/slots.ts";
import type { DataNode } from "../schema.ts";

type ClusterFacts = NonNullable<DataNode["cluster"]>;

/** What a node says of itself and of the others. */
export function clusterFacts(
  observation: Observation,
  lines: readonly ClusterNodeLine[],
  ids: { of(nodeId: string): string | null },
): ClusterFacts | null {
  const myself = lines.find(({ flags }) => flags.includes("myself"));
  if (!myself) return null;
  const info = observation.cluster?.info ?? {};
  const config = observation.config ?? {};
  const named = (line: ClusterNodeLine) => ids.of(line.id) ?? line.id;
  const others = lines.filter((line) => line !== myself && !line.flags.includes("handshake"));
  return {
    ...hearsayFacts(myself),
    state: info.cluster_state ?? "unknown",
    known_nodes: toInt(info.cluster_known_nodes) ?? lines.length,
    failing: others.filter(isFailing).map(named),
    failed: others.filter(({ flags }) => flags.includes("fail")).map(named),
    links_down: others.filter(({ linked }) => !linked).map(named),
    signature: signatureOf(lines),
    node_timeout_ms: toInt(config["cluster-node-timeout"]),
    full_coverage_required: yesNo(config["cluster-require-full-coverage"]),
    never_promotes: yesNo(config["cluster-replica-no-failover"]),
  };
}

/** What others say of a node that did not answer. */
export function hearsayFacts(line: ClusterNodeLine): ClusterFacts {
  const slots = joinRanges(line.slots);
  return {
    node_id: line.id,
    shard: null,
    state: "unknown",
    epoch: line.epoch,
    slots,
    slots_count: countSlots(slots),
    migrating: line.migrating.map(({ slot, nodeId }) => ({ slot, node_id: nodeId })),
    importing: line.importing.map(({ slot, nodeId }) => ({ slot, node_id: nodeId })),
    known_nodes: null,
    failing: [],
    failed: [],
    links_down: [],
    signature: null,
    node_timeout_ms: null,
    full_coverage_required: null,
    never_promotes: null,
  };
}

/** Suspected (`fail?`) or agreed on by a majority (`fail`). */
export function isFailing({ flags }: ClusterNodeLine): boolean {
  return flags.includes("fail") || flags.includes("fail?");
}

export function ownsSlots({ flags, slots }: ClusterNodeLine): boolean {
  return slots.length > 0 && !flags.includes("slave") && !flags.includes("replica");
}

/** Who owns which slots, in one string: equal where two nodes agree. */
export function signatureOf(lines: readonly ClusterNodeLine[]): string {
  return lines
    .filter(ownsSlots)
    .map((line) => `${line.id}:${joinRanges(line.slots).map(printRange).join(",")}`)
    .sort()
    .join("|");
}

function yesNo(value: string | undefined): boolean | null {
  return value === "yes" ? true : value === "no" ? false : null;
}
