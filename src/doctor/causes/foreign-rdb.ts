import { nodeOf, seen } from "../evidence.ts";
import type { Cause } from "../model.ts";
import { cannotLoad } from "../replication.ts";

export const foreignRdb: Cause = {
  id: "foreign-rdb",
  title: "A replica cannot load what its primary sends",
  symptoms: ["replica-behind", "full-syncs", "no-failover"],
  why: "An older release cannot read the snapshot of a newer one, nor Valkey that of Redis 7.4 and later. Each attempt empties the replica first.",
  how: "Versions at both ends, the replica's log.",
  diagnose: (facts) =>
    facts.topology.nodes.flatMap((replica) => {
      const primary = nodeOf(facts, replica.primary_id);
      const logged = cannotLoad(facts, replica);
      if (!primary || !logged) return [];
      return [
        {
          severity: "critical" as const,
          confidence: "certain" as const,
          subjects: [replica.id, primary.id],
          message: `${replica.id} (${replica.engine} ${replica.version}) cannot load what ${primary.id} (${primary.engine} ${primary.version}) sends, and is emptied by each attempt`,
          evidence: [
            seen(primary.id, "INFO", `${primary.engine} ${primary.version}`),
            seen(replica.id, "INFO", `${replica.engine} ${replica.version}, ${replica.keys ?? 0} keys`),
            ...logged,
          ],
          next: [
            `bring ${replica.id} to ${primary.version}: redisha upgrade --help`,
            "do not restart it, nor let it be promoted",
          ],
        },
      ];
    }),
};
