import type { Topology } from "../../topology/schema.ts";
import { slotRanges } from "../output/format.ts";
import { wrap } from "../output/text.ts";
import type { RenderStatusOptions } from "./render-status.ts";

const ALL_SLOTS = 16_384;

/** How much of the key space has an owner that answers, what is missing, and what is being moved. */
export function renderSlots(topology: Topology, options: RenderStatusOptions): string {
  const { theme } = options;
  const { cluster } = topology;
  const missing = uncovered(topology);
  const whole = missing.length === 0;
  const covered = ALL_SLOTS - missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const mark = whole ? theme.good(theme.symbols.ok) : theme.bad(theme.symbols.bad);
  const facts = [`${mark} ${covered} of ${ALL_SLOTS} covered`];
  if (!whole) facts.push(theme.bad(`missing ${slotRanges(missing)}`));
  if (cluster && cluster.slots_ok < cluster.slots_assigned) {
    facts.push(theme.bad(`${cluster.slots_assigned - cluster.slots_ok} without an owner that answers`));
  }
  if (cluster)
    facts.push(`cluster_state ${cluster.state}`, ...(cluster.epoch === null ? [] : [`epoch ${cluster.epoch}`]));
  const width = options.width ?? Number.POSITIVE_INFINITY;
  const lines = [wrap(facts.join(", "), width, `${theme.strong("SLOTS")}  `, "  ")];
  for (const move of openSlots(topology)) lines.push(`  ${theme.warn(`${theme.symbols.warn} open`)} ${move}`);
  return lines.join("\n");
}

/** Slots that no shard owns. */
function uncovered(topology: Topology): [number, number][] {
  const ranges = topology.shards.flatMap((shard) => shard.slots).sort((a, b) => a[0] - b[0]);
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next < ALL_SLOTS) gaps.push([next, ALL_SLOTS - 1]);
  return gaps;
}

/** `slot 42: r1:7000 migrating to r4:7000`, by the words of each side. */
function openSlots(topology: Topology): string[] {
  const names = new Map(topology.nodes.flatMap((node) => (node.cluster ? [[node.cluster.node_id, node.id]] : [])));
  const named = (nodeId: string) => names.get(nodeId) ?? nodeId.slice(0, 8);
  return topology.nodes.flatMap((node) => [
    ...(node.cluster?.migrating ?? []).map(
      ({ slot, node_id }) => `slot ${slot}: ${node.id} migrating to ${named(node_id)}`,
    ),
    ...(node.cluster?.importing ?? []).map(
      ({ slot, node_id }) => `slot ${slot}: ${node.id} importing from ${named(node_id)}`,
    ),
  ]);
}
