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
  const bears =
    topology.kind === "replication" || tolerance.failures < 0 ? "" : `; ${shortTolerance(topology, tolerance)}`;
  if (state === "healthy" || !first) {
    const text = topology.kind === "replication" ? `; ${tolerance.text}` : bears;
    return `Healthy: ${whoServes(topology)}${text}.`;
  }
  const more = findings.filter(({ severity }) => severity !== "info").length - 1;
  const label = state === "critical" ? "Critical" : "Degraded";
  return `${label}: ${firstClause(first.message)}${more > 0 ? `, and ${count(more, "more finding")}` : ""}${bears}.`;
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

function shortTolerance(topology: Topology, { failures, text }: Verdict["tolerance"]): string {
  if (failures > 0) return text;
  const reason =
    topology.kind === "sentinel" ? "a failover would not succeed after every loss" : "some loss would stop writes";
  return text.startsWith("tolerates the loss of any 1 instance")
    ? "tolerates the loss of any 1 instance, but not of any host"
    : `tolerates no failure: ${reason}`;
}

function whyUnreachable({ nodes, sentinels }: Topology): string {
  const all = [...nodes, ...sentinels].filter(({ listed }) => listed);
  const codes = [...new Set(all.map(({ reach }) => reach.code).filter((code) => code !== null))];
  if (all.length === 0) return "redisha.yaml lists no instance";
  return `none of ${count(all.length, "instance")} answered (${codes.join(", ")})`;
}

/** Up to the first full stop or semicolon: the rest stands in the finding itself. */
function firstClause(message: string): string {
  return message.split(/[.;] /)[0] ?? message;
}
