import { z } from "zod";
import { rollbackStandbys } from "../../topology/rollback-standby.ts";
import type { Topology } from "../../topology/schema.ts";
import { fail, onDeployment, pass, warn } from "../findings.ts";
import { defineCheck, type Finding } from "../model.ts";

export const replicaPriorities = defineCheck({
  id: "replica-priorities",
  title: "Nodes may be promoted",
  why: "A node with replica-priority 0 is never promoted, nor in a Cluster one with cluster-replica-no-failover. A value that was set for an hour of work and forgotten is found out by the failover that does not happen.",
  how: "CONFIG GET replica-priority of every data node, whatever its role is now; in a Cluster cluster-replica-no-failover, shard by shard.",
  mend: [
    "redisha run allow-promotion",
    "redis-cli CONFIG SET replica-priority 100, and CONFIG REWRITE, on a primary that may be promoted again",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["servers"],
  limits: z.strictObject({
    least: z.int().min(1).default(2).describe("Data nodes that may be promoted, or are primary and would be again"),
  }),
  wanted: ({ least }) =>
    `at least ${least} nodes with a priority above 0; in a Cluster a replica of every shard that stands for election`,
  judge: (facts, { least }) =>
    onDeployment(facts, () => {
      if (facts.topology.kind === "cluster") return inCluster(facts.topology);
      const nodes = facts.topology.nodes.filter(({ listed, priority }) => listed && priority !== null);
      const never = nodes.filter(({ priority }) => priority === 0).map(({ id }) => id);
      const standbys = rollbackStandbys(facts.topology).map(({ node }) => node.id);
      const measured = nodes.map(({ id, priority }) => `${id} ${priority}`).join(", ");
      if (nodes.length - never.length < least) return fail(measured);
      const forgotten = never.filter((id) => !standbys.includes(id));
      return forgotten.length > 0 ? warn(`never promoted: ${forgotten.join(", ")}`) : pass(measured);
    }),
});

function inCluster({ nodes, shards }: Topology): Finding {
  const never = nodes.filter(({ listed, cluster }) => listed && cluster?.never_promotes === true).map(({ id }) => id);
  const stuck = shards.filter(
    ({ slots, replica_ids }) =>
      slots.length > 0 && replica_ids.length > 0 && replica_ids.every((id) => never.includes(id)),
  );
  if (stuck.length > 0) {
    const told = stuck.map(({ id, replica_ids }) => `${replica_ids.join(", ")} of slots ${id}`);
    return fail(`${told.join("; ")}: cluster-replica-no-failover is yes`);
  }
  if (never.length > 0) return warn(`never promoted: ${never.join(", ")}`);
  return pass(`a replica of each of ${shards.length} shards stands for election`);
}
