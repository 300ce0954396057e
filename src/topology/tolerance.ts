import { naturalCompare } from "./order.ts";
import type { Topology, Verdict } from "./schema.ts";
import { simulate } from "./simulate.ts";
import { count, list } from "./words.ts";

type Tolerance = Verdict["tolerance"];

/** More at once is not simulated: no deployment of this kind is built for it, and pairs already grow with the square. */
const MOST_HOSTS = 2;

/**
 * How many hosts may be lost, whichever they are, so that writes go on after a failover. Every host and every pair of
 * hosts is taken away in turn. A host takes all of its instances with it, so this also bounds single instances.
 */
export function tolerance(topology: Topology): Tolerance {
  if (![...topology.nodes, ...topology.sentinels].some(({ reach }) => reach.ok)) {
    return { failures: -1, text: "whether writes are possible is not known: nothing answered", limited_by: [] };
  }
  const now = simulate(topology, []);
  if (!now.survives)
    return { failures: -1, text: `writes are not possible now: ${now.reasons[0]}`, limited_by: [...now.reasons] };
  const hosts = unique(
    [...topology.nodes, ...topology.sentinels].filter(({ up, listed }) => up || !listed).map(({ host }) => host),
  );
  let failures = 0;
  let limits: string[] = [];
  while (failures < MOST_HOSTS && limits.length === 0) {
    limits = failingLosses(topology, combinations(hosts, failures + 1));
    if (limits.length === 0) failures += 1;
  }
  if (topology.kind === "replication") return { failures: 0, text: withoutFailover(topology), limited_by: limits };
  return { failures, text: inWords(topology, failures, limits), limited_by: limits };
}

function inWords(topology: Topology, failures: number, limits: readonly string[]): string {
  if (failures >= MOST_HOSTS) return `tolerates the loss of any ${MOST_HOSTS} hosts at once`;
  if (failures > 0) return `tolerates the loss of any ${count(failures, "host")}`;
  const instances = unique([...topology.nodes, ...topology.sentinels].filter(({ up }) => up).map(({ id }) => id));
  const limit = limits[0] === undefined ? "" : `: ${limits[0]}`;
  if (failingLosses(topology, combinations(instances, 1)).length === 0) {
    return `tolerates the loss of any 1 instance, but not of any host${limit}`;
  }
  return `tolerates no failure${limit}`;
}

function withoutFailover(topology: Topology): string {
  const holders = topology.nodes.filter(({ role, up, link_up }) => role === "replica" && up && link_up === true);
  const verb = holders.length === 1 ? "holds" : "hold";
  return `no automatic failover; ${holders.length === 0 ? "no replica holds" : `${count(holders.length, "replica")} ${verb}`} the data`;
}

/** One line per way to lose writes, at most five, each with the first loss that shows it. */
function failingLosses(topology: Topology, losses: readonly (readonly string[])[]): string[] {
  const byReason = new Map<string, readonly string[]>();
  for (const loss of losses) {
    const outcome = simulate(topology, loss);
    const reason = outcome.reasons[0];
    if (!outcome.survives && reason !== undefined && !byReason.has(reason)) byReason.set(reason, loss);
  }
  return [...byReason].slice(0, 5).map(([reason, loss]) => `without ${list(loss)}: ${reason}`);
}

function combinations(items: readonly string[], size: number): string[][] {
  if (size === 1) return items.map((item) => [item]);
  return items.flatMap((item, i) => combinations(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort(naturalCompare);
}
