import { z } from "zod";
import { fail, onDeployment, pass, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const replicaPriorities = defineCheck({
  id: "replica-priorities",
  title: "Nodes may be promoted",
  why: "A node with replica-priority 0 is never promoted. A value that was set for an hour of work and forgotten is found out by the failover that does not happen.",
  how: "CONFIG GET replica-priority of every data node, whatever its role is now.",
  mend: ["redis-cli CONFIG SET replica-priority 100, and CONFIG REWRITE, on the nodes that may be promoted"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["servers"],
  limits: z.strictObject({
    least: z.int().min(1).default(2).describe("Data nodes that may be promoted, or are primary and would be again"),
  }),
  wanted: ({ least }) => `at least ${least} nodes with a priority above 0`,
  judge: (facts, { least }) =>
    onDeployment(facts, () => {
      const nodes = facts.topology.nodes.filter(({ listed, priority }) => listed && priority !== null);
      const never = nodes.filter(({ priority }) => priority === 0).map(({ id }) => id);
      const measured = nodes.map(({ id, priority }) => `${id} ${priority}`).join(", ");
      if (nodes.length - never.length < least) return fail(measured);
      return never.length > 0 ? warn(`never promoted: ${never.join(", ")}`) : pass(measured);
    }),
});
