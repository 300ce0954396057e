import { joinRanges } from "../../topology/parse/slots.ts";
import type { Shard, Topology, Verdict } from "../../topology/schema.ts";
import { slotRanges } from "../output/format.ts";
import { wrap } from "../output/text.ts";
import type { RenderStatusOptions } from "./render-status.ts";

const ALL_SLOTS = 16_384;

/** Findings by which some slots, or all, are not served as the map of owners says. */
const NOT_SERVED: readonly string[] = ["slots_uncovered", "shard_primary_down", "cluster_state_fail", "nodes_disagree"];

/** How much of the key space has an owner that is up, what is missing, and what is being moved. */
export function renderSlots(topology: Topology, verdict: Verdict, options: RenderStatusOptions): string {
  const { theme } = options;
  const { cluster } = topology;
  const missing = gaps(topology.shards);
  const unserved = gaps(topology.shards.filter((shard) => ownerIsUp(shard, topology)));
  const silent = topology.shards.filter((shard) => shard.slots.length > 0 && !ownerIsUp(shard, topology));
  const whole = unserved.length === 0;
  const sound = whole && !verdict.findings.some(({ id }) => NOT_SERVED.includes(id));
  const mark = sound ? theme.good(theme.symbols.ok) : theme.bad(theme.symbols.bad);
  const facts = [
    `${mark} ${ALL_SLOTS - size(unserved)} of ${ALL_SLOTS} covered${whole ? "" : " by nodes that are up"}`,
  ];
  if (silent.length > 0) facts.push(`${ALL_SLOTS - size(missing)} assigned`);
  for (const { primary_id, slots } of silent) {
    facts.push(theme.bad(`${slotRanges(slots)} of ${primary_id ?? "nobody"}, which is not up`));
  }
  if (missing.length > 0) facts.push(theme.bad(`missing ${slotRanges(missing)}`));
  if (cluster)
    facts.push(`cluster_state ${cluster.state}`, ...(cluster.epoch === null ? [] : [`epoch ${cluster.epoch}`]));
  const width = options.width ?? Number.POSITIVE_INFINITY;
  const lines = [wrap(facts.join(", "), width, `${theme.strong("SLOTS")}  `, "  ")];
  const open = `  ${theme.warn(`${theme.symbols.warn} open`)} `;
  for (const move of openSlots(topology)) lines.push(wrap(move, width, open, "    "));
  return lines.join("\n");
}

function ownerIsUp({ primary_id }: Shard, { nodes }: Topology): boolean {
  return nodes.some(({ id, up }) => up && id === primary_id);
}

function size(ranges: readonly (readonly [number, number])[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** Slots that none of these shards owns. */
function gaps(shards: readonly Shard[]): [number, number][] {
  const ranges = shards.flatMap((shard) => shard.slots).sort((a, b) => a[0] - b[0]);
  const found: [number, number][] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) found.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next < ALL_SLOTS) found.push([next, ALL_SLOTS - 1]);
  return found;
}

/** `slots 42-44, 60: r1:7000 migrating to r4:7000`, by the words of each side. */
function openSlots(topology: Topology): string[] {
  const names = new Map(topology.nodes.flatMap((node) => (node.cluster ? [[node.cluster.node_id, node.id]] : [])));
  const marks = topology.nodes.flatMap(({ id, cluster }) => {
    const marked = (slots: readonly { slot: number; node_id: string }[], how: string) =>
      slots.map(({ slot, node_id }) => ({ slot, way: `${id} ${how} ${names.get(node_id) ?? node_id.slice(0, 8)}` }));
    return [...marked(cluster?.migrating ?? [], "migrating to"), ...marked(cluster?.importing ?? [], "importing from")];
  });
  return [...Map.groupBy(marks, ({ way }) => way)].map(([way, group]) => {
    const ranges = joinRanges(group.map(({ slot }): [number, number] => [slot, slot]));
    return `${group.length === 1 ? "slot" : "slots"} ${slotRanges(ranges)}: ${way}`;
  });
}
