import { openCase, type Rule, worstFirst } from "./findings/case.ts";
import { certificateFindings } from "./findings/certificates.ts";
import { clusterFindings } from "./findings/cluster.ts";
import { clusterEpochFindings } from "./findings/cluster-epochs.ts";
import { durabilityFindings } from "./findings/durability.ts";
import { placementFindings } from "./findings/placement.ts";
import { primaryFindings } from "./findings/primary.ts";
import { reachFindings } from "./findings/reach.ts";
import { replicationFindings } from "./findings/replication.ts";
import { resourceFindings } from "./findings/resources.ts";
import { sentinelPowerFindings } from "./findings/sentinel-power.ts";
import { sentinelSightFindings } from "./findings/sentinel-sight.ts";
import { versionFindings } from "./findings/versions.ts";
import type { Finding, Topology, Verdict } from "./schema.ts";
import { summarise } from "./summary.ts";
import { DEFAULT_THRESHOLDS, type Thresholds } from "./thresholds.ts";
import { tolerance } from "./tolerance.ts";

/** In the order in which findings of the same severity are read: what stops writes first. */
const RULES: readonly Rule[] = [
  primaryFindings,
  clusterFindings,
  clusterEpochFindings,
  sentinelPowerFindings,
  durabilityFindings,
  reachFindings,
  sentinelSightFindings,
  replicationFindings,
  resourceFindings,
  certificateFindings,
  versionFindings,
  placementFindings,
];

/**
 * What the model means: findings, worst first, and how much more may be lost. Pure and total: the same model gives the
 * same verdict, and any model gives one.
 *
 * `unreachable`: nothing answered. `critical`: writes are not possible, two primaries, or data at risk. `degraded`:
 * warnings. `healthy`: neither; remarks (info) may stand.
 *
 * @param refine what somebody who looked at more than the model holds makes of the findings.
 */
export function judge(
  topology: Topology,
  thresholds: Thresholds = DEFAULT_THRESHOLDS,
  refine: (findings: readonly Finding[]) => readonly Finding[] = (same) => same,
): Verdict {
  const facts = openCase(topology, thresholds);
  const findings = worstFirst(refine(RULES.flatMap((rule) => rule(facts))));
  const state = stateOf(topology, findings);
  const bearable = tolerance(topology);
  return { state, summary: summarise(topology, state, findings, bearable), tolerance: bearable, findings };
}

function stateOf(topology: Topology, findings: readonly Finding[]): Verdict["state"] {
  if (![...topology.nodes, ...topology.sentinels].some(({ reach }) => reach.ok)) return "unreachable";
  if (findings.some(({ severity }) => severity === "critical")) return "critical";
  return findings.some(({ severity }) => severity === "warning") ? "degraded" : "healthy";
}
