import { count, list } from "../../topology/words.ts";
import { seen, wayEvidence, wayFrom } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";

const SLOTS = 16_384;

export const slotsUncovered: Cause = {
  id: "slots-uncovered",
  title: "Slots of a Cluster are served by nobody",
  symptoms: ["cluster-down", "writes-refused"],
  why: "With cluster-require-full-coverage a Cluster refuses every command while a single slot has no primary.",
  how: "CLUSTER INFO and CLUSTER NODES of every node: who owns which slots, who of them answers, which replica could take over.",
  diagnose: (facts) => {
    const { topology } = facts;
    if (topology.kind !== "cluster" || !topology.cluster) return [];
    const { slots_assigned, state } = topology.cluster;
    const dead = topology.shards.filter(({ primary_id, slots }) => slots.length > 0 && !isUp(facts, primary_id));
    if (slots_assigned === SLOTS && dead.length === 0) return [];
    const failed = topology.nodes.filter(({ reach, cluster }) => reach.ok && cluster?.state === "fail");
    return [
      {
        severity: "critical",
        confidence: "certain",
        subjects: [topology.deployment],
        message: [
          ...(slots_assigned < SLOTS ? [`${count(SLOTS - slots_assigned, "slot")} belong to nobody`] : []),
          ...(dead.length > 0 ? [`the primaries of ${list(dead.map(({ id }) => id))} do not answer`] : []),
        ].join("; "),
        evidence: [
          seen(topology.deployment, "CLUSTER INFO", `cluster_state:${state}, cluster_slots_assigned:${slots_assigned}`),
          ...failed.map(({ id }) => seen(id, "CLUSTER INFO", "cluster_state:fail")),
          ...dead.map(({ id, primary_id, replica_ids }) =>
            seen(id, "CLUSTER NODES", `primary ${primary_id ?? "none"}, replicas ${replica_ids.join(", ") || "none"}`),
          ),
        ],
        next: [
          ...dead.flatMap(({ replica_ids }) =>
            replica_ids
              .filter((id) => isUp(facts, id))
              .slice(0, 1)
              .map((id) => `if no vote comes through: ${cliOf(facts, id)} CLUSTER FAILOVER FORCE`),
          ),
          ...dead
            .filter(({ replica_ids }) => !replica_ids.some((id) => isUp(facts, id)))
            .map(({ id }) => `start a node of ${id} again: only it has these keys`),
          ...(slots_assigned < SLOTS
            ? ["redisha reshard --help; redisha status --wide shows which slots are free"]
            : []),
        ],
      },
    ];
  },
};

export const closedBus: Cause = {
  id: "closed-bus",
  title: "The cluster bus is closed between two nodes",
  symptoms: ["cluster-down", "no-failover"],
  why: "Nodes talk to each other on their port + 10000. Where only the port of the clients is open, they hold each other to be failing, and no vote comes through.",
  how: "From every host a connection to the bus port of every node that answers; links of the bus that nodes say are down.",
  diagnose: (facts) =>
    Object.keys(facts.reaches).flatMap((host) => {
      const shut = facts.topology.nodes.filter(({ reach, id }) => {
        const bus = wayFrom(facts, host, id, true)?.answer;
        return reach.ok && (bus === "silent" || bus === "refused");
      });
      return shut.length === 0
        ? []
        : [
            closed(
              host,
              shut.map(({ id }) => id),
              facts,
            ),
          ];
    }),
};

function closed(host: string, ids: readonly string[], facts: Facts): Diagnosis {
  const doubting = facts.topology.nodes.filter(
    ({ cluster, host: own }) => own === host && (cluster?.links_down.length ?? 0) > 0,
  );
  return {
    severity: "critical",
    confidence: "certain",
    subjects: [host, ...ids],
    message: `${host} cannot reach the cluster bus of ${list(ids)}`,
    evidence: [
      ...ids.flatMap((id) => [...wayEvidence(facts, host, id, true), ...wayEvidence(facts, host, id)]),
      ...doubting.map(({ id, cluster }) => seen(id, "CLUSTER NODES", `no link to ${cluster?.links_down.join(", ")}`)),
    ],
    ...(facts.deployment.firewall?.manager === "ufw" ? { mend: { runbook: "init-firewall", inputs: {} } } : {}),
    next: ids.map((id) => `open port ${wayFrom(facts, host, id, true)?.port ?? "+10000"} of ${id} for ${host}`),
  };
}

function isUp({ topology }: Facts, id: string | null): boolean {
  return topology.nodes.some((node) => node.id === id && node.up);
}

function cliOf({ topology }: Facts, id: string): string {
  return topology.nodes.find((node) => node.id === id)?.redis_cli ?? "redis-cli";
}
