import { list } from "../../topology/words.ts";
import { inLog, instanceOf, wayEvidence, wayFrom } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause } from "../model.ts";

const CANNOT_CONNECT =
  /Timeout connecting|Connection refused|No route to host|Network is unreachable|Error condition on socket/i;

export const blockedWay: Cause = {
  id: "blocked-way",
  title: "One host cannot reach a server that answers others",
  symptoms: ["replica-behind", "no-failover", "no-connection", "writes-lost"],
  why: "A firewall between two hosts leaves a replica without its primary, or has a Sentinel hold a healthy primary to be down.",
  how: "From every host a connection to every instance of the others; what does not come through is held against whether that instance answers redisha. Silence is a dropped packet, a refusal a closed port.",
  diagnose: (facts) => {
    const answering = [...facts.topology.nodes, ...facts.topology.sentinels].filter(
      ({ reach, listed }) => reach.ok && listed,
    );
    return Object.keys(facts.reaches).flatMap((host) => {
      const shut = answering.filter(({ id }) => ["silent", "refused"].includes(wayFrom(facts, host, id)?.answer ?? ""));
      if (shut.length === 0) return [];
      const ids = shut.map(({ id }) => id);
      const dropped = shut.some(({ id }) => wayFrom(facts, host, id)?.answer === "silent");
      return [
        {
          severity: "critical" as const,
          confidence: "certain" as const,
          subjects: [host, ...ids],
          message: `${host} cannot reach ${list(ids)}, which ${ids.length === 1 ? "answers" : "answer"} redisha: ${dropped ? "a firewall drops what it sends" : "what it sends is rejected on the way"}`,
          evidence: [
            ...ids.flatMap((id) => wayEvidence(facts, host, id)),
            ...instancesOn(facts, host).flatMap((id) => inLog(facts, id, CANNOT_CONNECT, 1)),
          ],
          ...(facts.deployment.firewall?.manager === "ufw" ? { mend: { runbook: "init-firewall", inputs: {} } } : {}),
          next: [...new Set(ids.map((id) => instanceOf(facts, id)?.host.name ?? ""))]
            .filter((name) => name !== "")
            .map((name) => `on ${name}: ufw status numbered; nft list ruleset; iptables -S`),
        },
      ];
    });
  },
};

function instancesOn({ deployment }: Facts, host: string): string[] {
  return deployment.instances.filter((instance) => instance.host.name === host).map(({ id }) => id);
}
