import { canFullSync } from "../../topology/versions.ts";
import { inLog, nodeOf, seen } from "../evidence.ts";
import type { Cause } from "../model.ts";
import { withoutLink } from "../replication.ts";

const CANNOT_LOAD = /Can't handle RDB format|Failed trying to load the (MASTER|PRIMARY) synchronization/i;

export const foreignRdb: Cause = {
  id: "foreign-rdb",
  title: "A replica cannot load what its primary sends",
  symptoms: ["replica-behind", "full-syncs", "no-failover"],
  why: "An older release cannot read the snapshot of a newer one, nor Valkey that of Redis 7.4 and later. Each attempt empties the replica first.",
  how: "Versions at both ends, the replica's log.",
  diagnose: (facts) =>
    withoutLink(facts).flatMap((replica) => {
      const primary = nodeOf(facts, replica.primary_id);
      const logged = inLog(facts, replica.id, CANNOT_LOAD);
      if (!primary?.reach.ok || (canFullSync(primary, replica) && logged.length === 0)) return [];
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
