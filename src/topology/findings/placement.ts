import type { DataNode, Finding, SentinelNode } from "../schema.ts";
import { count, list } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** What stands together on one host or in one zone and would be lost together. */
export function placementFindings(facts: Case): Finding[] {
  return facts.topology.kind === "cluster" ? besidePrimary(facts) : sentinelsTogether(facts);
}

function sentinelsTogether({ topology }: Case): Finding[] {
  const all = topology.sentinels.filter(({ listed, known_by }) => listed || known_by.length > 0);
  if (all.length < 2) return [];
  const majority = Math.floor(all.length / 2) + 1;
  const findings: Finding[] = [];
  for (const [host, group] of Map.groupBy(all, (sentinel) => sentinel.host)) {
    if (group.length < 2) continue;
    const fatal = all.length - group.length < majority;
    findings.push(
      finding({
        id: "sentinels_same_host",
        severity: fatal ? "warning" : "info",
        subject: host,
        message: `${count(group.length, "Sentinel")} of ${all.length} are on ${host}${fatal ? ": without that host there is no majority for a failover" : " and would be lost with it"}`,
        evidence: [list(group.map(({ id }) => id))],
        next: ["move one to a host of its own"],
      }),
    );
  }
  return [...findings, ...sameZone(all, majority)];
}

/** Only where zones are declared and there is more than one: a single zone is a choice. */
function sameZone(all: readonly SentinelNode[], majority: number): Finding[] {
  const zones = Map.groupBy(all, ({ zone }) => zone ?? "");
  if (zones.has("") || zones.size < 2) return [];
  return [...zones]
    .filter(([, group]) => all.length - group.length < majority)
    .map(([zone, group]) =>
      finding({
        id: "sentinels_same_zone",
        severity: "info",
        subject: zone,
        message: `${count(group.length, "Sentinel")} of ${all.length} are in zone ${zone}: without that zone there is no majority for a failover`,
        evidence: [list(group.map(({ id }) => id))],
        next: ["spread Sentinels over three zones"],
      }),
    );
}

function besidePrimary({ topology, node }: Case): Finding[] {
  return topology.shards.flatMap((shard) => {
    const primary = node(shard.primary_id);
    const replicas = shard.replica_ids.map(node).filter((replica) => replica !== undefined);
    if (!primary || replicas.length === 0 || !replicas.every(({ host }) => host === primary.host)) return [];
    return [together(shard.id, primary, replicas)];
  });
}

function together(shard: string, primary: DataNode, replicas: readonly DataNode[]): Finding {
  return finding({
    id: "replicas_same_host_as_primary",
    severity: "warning",
    subject: primary.id,
    message: `Slots ${shard}: ${primary.id} and every replica of it are on ${primary.host}. Without that host these slots are gone`,
    evidence: [list([primary, ...replicas].map(({ id }) => id))],
    next: ["move a replica to another host: CLUSTER REPLICATE on a node there"],
  });
}
