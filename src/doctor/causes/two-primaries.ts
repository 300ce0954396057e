import type { DataNode } from "../../topology/schema.ts";
import { count, list } from "../../topology/words.ts";
import { clientsOf } from "../clients.ts";
import { seen, watching } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";
import { primaries } from "../replication.ts";

export const twoPrimaries: Cause = {
  id: "two-primaries",
  title: "Two servers take writes",
  symptoms: ["writes-lost", "no-failover"],
  why: "What is written to the one that is not kept is lost as soon as it becomes a replica: a full sync empties it.",
  how: "role, replication id, offset, keys and clients of every server that answers as primary; whom each Sentinel names, whom the replicas follow.",
  diagnose: (facts) => {
    const all = facts.topology.kind === "cluster" ? [] : primaries(facts);
    return all.length < 2 ? [] : [diagnosisOf(all, facts)];
  },
};

function diagnosisOf(all: readonly DataNode[], facts: Facts): Diagnosis {
  const kept = all.find(({ id }) => id === facts.topology.primary_id && backing(id, facts) > 0);
  const rest = all.filter((node) => node !== kept);
  const stale = rest.length === 1 ? rest[0] : undefined;
  return {
    severity: "critical",
    confidence: "certain",
    subjects: all.map(({ id }) => id),
    message: kept
      ? `${list(all.map(({ id }) => id))} both take writes; ${kept.id} is the one that ${wordOf(kept.id, facts)}, and what only ${list(rest.map(({ id }) => id))} holds will be lost`
      : `${list(all.map(({ id }) => id))} take writes, and neither Sentinels nor replicas speak for one of them: to say which loses its data is for you`,
    evidence: all.flatMap((node) => [
      seen(node.id, "INFO replication", `role:master, replid ${node.replid}, offset ${node.offset}`),
      seen(
        node.id,
        "INFO",
        `${count(node.keys ?? 0, "key")}, ${count(clientsOf(facts, node.id).length, "client")}, up for ${node.uptime_s} s`,
      ),
      ...(backing(node.id, facts) > 0
        ? [seen(node.id, "named or followed by", namedBy(node.id, facts).join(", "))]
        : []),
    ]),
    ...(kept && stale
      ? { mend: { runbook: "demote-stale-primary", inputs: { node: stale.id, primary: kept.id } } }
      : {}),
    next: kept
      ? ["look first at what only it holds: redisha run demote-stale-primary keeps a snapshot of it beside its data"]
      : all.flatMap((keep) =>
          all
            .filter((other) => other !== keep)
            .map(
              (other) =>
                `to keep ${keep.id}: redisha run demote-stale-primary --input node=${other.id} --input primary=${keep.id}`,
            ),
        ),
  };
}

function namedBy(id: string, facts: Facts): string[] {
  const sentinels = watching(facts)
    .filter(({ primary_id }) => primary_id === id)
    .map((sentinel) => `Sentinel ${sentinel.id}`);
  const replicas = facts.topology.nodes
    .filter(({ role, primary_id }) => role === "replica" && primary_id === id)
    .map((node) => `replica ${node.id}`);
  return [...sentinels, ...replicas];
}

function backing(id: string, facts: Facts): number {
  return namedBy(id, facts).length;
}

function wordOf(id: string, facts: Facts): string {
  const sentinels = watching(facts).filter(({ primary_id }) => primary_id === id).length;
  return sentinels > 0 ? `${count(sentinels, "Sentinel")} ${sentinels === 1 ? "names" : "name"}` : "replicas follow";
}
