import { inInfo, nodeOf } from "../evidence.ts";
import type { Cause } from "../model.ts";
import { rightPrimary } from "../replication.ts";

export const wrongPrimary: Cause = {
  id: "wrong-primary",
  title: "A replica follows the wrong server",
  symptoms: ["replica-behind", "no-failover", "writes-lost"],
  why: "A replica of another group, of an address that is gone, or of another replica is none that Sentinel knows or promotes; of another group it holds somebody else's data.",
  how: "master_host and master_port of every replica, held against who the primary is.",
  diagnose: (facts) =>
    facts.topology.nodes
      .filter(({ up, role }) => up && role === "replica")
      .flatMap((replica) => {
        const followed = nodeOf(facts, replica.primary_id);
        const right = rightPrimary(facts, replica);
        const chained = followed?.role === "replica";
        // Of one that is down it is not known who is to follow whom.
        if (!right || right.id === replica.primary_id || (followed && !chained && followed.role !== "primary"))
          return [];
        if (followed && followed.role === "primary" && facts.topology.kind === "cluster") return [];
        return [
          {
            severity: "warning" as const,
            confidence: "certain" as const,
            subjects: [replica.id],
            message: chained
              ? `${replica.id} follows ${followed.id}, which is a replica itself: it is behind by both, and Sentinel does not see it`
              : `${replica.id} follows ${replica.primary_address ?? "nobody"}${followed ? "" : ", which redisha.yaml does not list"}; the primary is ${right.id}`,
            evidence: [
              ...inInfo(facts, replica.id, "master_host", "master_port", "master_link_status"),
              ...inInfo(facts, right.id, "role", "connected_slaves"),
            ],
            mend: { runbook: "follow-primary", inputs: { node: replica.id, primary: right.id } },
            next: chained ? ["where the chain is meant, leave it"] : [],
          },
        ];
      }),
};
