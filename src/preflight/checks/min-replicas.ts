import { z } from "zod";
import { directive, fail, onServers, pass, skip, toSet } from "../findings.ts";
import { count } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const minReplicas = defineCheck({
  id: "min-replicas",
  title: "A primary that is cut off stops taking writes",
  why: "A primary on the wrong side of a partition goes on acknowledging writes, and all of them are lost when it comes back as a replica.",
  how: "CONFIG GET min-replicas-to-write and min-replicas-max-lag of every data node, since each may become primary.",
  mend: ["set it under redis.config in redisha.yaml, then: redisha init"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/replication/",
  reads: ["servers"],
  limits: z.strictObject({
    least: count(1, "Replicas that have to be there"),
    most_lag: count(10, "Seconds since their last word at most"),
  }),
  fixes: "sets min-replicas-to-write and min-replicas-max-lag, where enough data nodes are there",
  wanted: ({ least, most_lag }) =>
    `min-replicas-to-write of at least ${least}, min-replicas-max-lag of at most ${most_lag}`,
  judge: (facts, { least, most_lag }) => {
    const nodes = facts.deployment.instances.filter(({ kind }) => kind === "data").length;
    const perShard = facts.deployment.cluster ? facts.deployment.cluster.replicasPerPrimary + 1 : nodes;
    return onServers(facts, "data", (server) => {
      // With two nodes the loss of either would stop all writes: the failover itself would bring the outage.
      if (perShard < least + 2) return skip(`with ${perShard} nodes it would refuse writes as soon as one is lost`);
      const wanted = Number(directive(server, "min-replicas-to-write"));
      const lag = Number(directive(server, "min-replicas-max-lag"));
      const measured = `min-replicas-to-write ${wanted}, min-replicas-max-lag ${lag}`;
      if (wanted < least) return fail(measured, toSet(server, "min-replicas-to-write", String(least)));
      if (lag === 0 || lag > most_lag) return fail(measured, toSet(server, "min-replicas-max-lag", String(most_lag)));
      return pass(measured);
    });
  },
});
