import type { Finding, Topology, Verdict } from "./schema.ts";
import { count } from "./words.ts";

/** One sentence that a tired person understands: how it is, why, and how much more it bears. */
export function summarise(
  topology: Topology,
  state: Verdict["state"],
  findings: readonly Finding[],
  tolerance: Verdict["tolerance"],
): string {
  if (state === "unreachable") return `Unreachable: ${whyUnreachable(topology)}.`;
  const worst = findings.filter(({ severity }) => severity === (state === "critical" ? "critical" : "warning"));
  const first = worst[0];
  if (state === "healthy" || !first) return `Healthy: ${whoServes(topology)}; ${tolerance.text}.`;
  const more = findings.filter(({ severity }) => severity !== "info").length - 1;
  const others = more > 0 ? `, and ${count(more, "more finding")}` : "";
  if (state === "critical") return `Critical: ${firstSentence(first.message)}${others}.`;
  return `Degraded: ${firstSentence(first.message)}${others}; ${tolerance.text.split(": ")[0]}.`;
}

function whoServes(topology: Topology): string {
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  if (topology.kind === "cluster") {
    const replicas = topology.shards.flatMap(({ replica_ids }) => replica_ids).filter((id) => nodes.get(id)?.up);
    return `${count(topology.shards.length, "primary", "primaries")} own all ${topology.cluster?.slots_assigned ?? 0} slots with ${count(replicas.length, "replica")} in sync`;
  }
  const inSync = topology.nodes.filter(({ up, role, link_up }) => up && role === "replica" && link_up === true);
  const primary = `${topology.primary_id ?? "nobody"} is primary with ${count(inSync.length, "replica")} in sync`;
  if (topology.kind === "replication") return primary;
  const agreeing = topology.sentinels.filter(
    ({ primary_id, watching }) => watching && primary_id === topology.primary_id,
  );
  return `${primary}; ${count(agreeing.length, "Sentinel agrees", "Sentinels agree")}`;
}

function whyUnreachable({ nodes, sentinels }: Topology): string {
  const all = [...nodes, ...sentinels].filter(({ listed }) => listed);
  const codes = [...new Set(all.map(({ reach }) => reach.code).filter((code) => code !== null))];
  if (all.length === 0) return "redisha.yaml lists no instance";
  return `none of ${count(all.length, "instance")} answered (${codes.join(", ")})`;
}

/** Up to the first full stop: the rest stands in the finding itself. */
function firstSentence(message: string): string {
  return message.split(". ")[0] ?? message;
}
