import { promotionObstacle } from "../../topology/promotable.ts";
import type { Shard } from "../../topology/schema.ts";
import { list } from "../../topology/words.ts";
import { inConfig, inLog, nodeOf, seen, watching } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";

/** Sentinel leaves out a replica whose link was down for longer than this many times down-after before the primary went. */
const VALIDITY = 10;

export const noCandidate: Cause = {
  id: "no-candidate",
  title: "No replica may be promoted",
  symptoms: ["no-failover"],
  why: "Sentinel promotes no replica whose replica-priority is 0, whose link was down for more than ten times down-after, or that it does not know. CKQUORUM says OK all the same: it counts Sentinels. In a Cluster replicas stand for election themselves, and do not where cluster-replica-no-failover says so.",
  how: "Of every replica what Sentinel would hold against it; replica-priority; how long its link has been down; -failover-abort-no-good-slave in the logs of the Sentinels. In a Cluster cluster-replica-no-failover of the replicas of each shard.",
  diagnose: (facts) => {
    const { topology } = facts;
    if (!topology.nodes.some(({ reach }) => reach.ok)) return [];
    if (topology.kind === "cluster") return topology.shards.flatMap((shard) => inCluster(facts, shard));
    return topology.kind === "sentinel" ? bySentinel(facts) : [];
  },
};

/** Told where a directive keeps the only replicas that are left from it; a shard without any is told by what they lack. */
function inCluster(facts: Facts, { id, primary_id, replica_ids }: Shard): Diagnosis[] {
  const primary = nodeOf(facts, primary_id);
  const replicas = replica_ids.flatMap((each) => nodeOf(facts, each) ?? []);
  const kept = replicas.filter(({ up, cluster }) => up && cluster?.never_promotes === true);
  const able = replicas.some((replica) => promotionObstacle(facts.topology, replica, primary) === null);
  if (kept.length === 0 || able) return [];
  const names = kept.map((each) => each.id);
  return [
    {
      severity: primary?.up ? "warning" : "critical",
      confidence: "certain",
      subjects: names,
      message: `Nobody takes the place of the primary of slots ${id}: of ${list(names)} cluster-replica-no-failover is yes`,
      evidence: names.flatMap((name) => [
        ...inConfig(facts, name, "cluster-replica-no-failover"),
        ...inLog(facts, name, /unable to failover/, 1),
      ]),
      mend: { runbook: "allow-promotion", inputs: { nodes: names.join(",") } },
      next: ["redisha status --wide"],
    },
  ];
}

function bySentinel(facts: Facts): Diagnosis[] {
  const { topology } = facts;
  const primary = nodeOf(facts, topology.primary_id);
  const replicas = topology.nodes.filter(({ id, listed }) => listed && id !== topology.primary_id);
  const against = replicas.map((replica) => ({ replica, why: whyNot(facts, replica, primary) }));
  if (replicas.length === 0 || against.some(({ why }) => why === null)) return [];
  const zero = replicas.filter(({ role, priority }) => role === "replica" && priority === 0);
  const aborted = watching(facts).flatMap(({ id }) => inLog(facts, id, /-failover-abort-no-good-slave/, 1));
  return [
    {
      severity: primary?.up ? "warning" : "critical",
      confidence: "certain",
      subjects: replicas.map(({ id }) => id),
      message: `Sentinel may promote none of ${list(replicas.map(({ id }) => id))}: ${list(against.map(({ replica, why }) => `${replica.id} ${why}`))}`,
      evidence: [
        ...replicas.flatMap(({ id }) => inConfig(facts, id, "replica-priority")),
        ...replicas
          .filter(({ link_up }) => link_up === false)
          .map(({ id, link_down_s }) => seen(id, "INFO master_link_down_since_seconds", String(link_down_s))),
        ...aborted,
      ],
      ...(zero.length > 0
        ? { mend: { runbook: "allow-promotion", inputs: { nodes: zero.map(({ id }) => id).join(",") } } }
        : {}),
      next: [
        ...(primary?.up || zero.length === replicas.length
          ? []
          : ["bring the old primary back, if it can be: it has the newest data"]),
        "redisha status --wide",
      ],
    },
  ];
}

function whyNot(
  facts: Facts,
  replica: Facts["topology"]["nodes"][number],
  primary: Facts["topology"]["nodes"][number] | undefined,
): string | null {
  const obstacle = promotionObstacle(facts.topology, replica, primary);
  if (obstacle !== null) return obstacle;
  const patienceS = (VALIDITY * (watching(facts)[0]?.down_after_ms ?? 30_000)) / 1_000;
  const down = replica.link_up === false && !primary?.up ? (replica.link_down_s ?? 0) : 0;
  // The time since the primary went does not count, and is not known: only what is far beyond it is told.
  return down > patienceS + facts.withinMs / 1_000
    ? `has had no link for ${down} s, ${VALIDITY} times down-after is ${patienceS} s`
    : null;
}
