import { z } from "zod";
import { onDeployment, passIf, skip, unknown } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const sentinelCount = defineCheck({
  id: "sentinel-count",
  title: "Three or five Sentinels",
  why: "A failover needs the votes of a majority of all Sentinels. Two bear no loss at all, and an even number bears no more than the odd one below it.",
  how: "The Sentinels that redisha.yaml declares, and how many of them answer and watch the group.",
  mend: ["add hosts under sentinel.on in redisha.yaml, then: redisha init --only sentinel"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["servers"],
  limits: z.strictObject({
    allowed: z.array(z.int().min(1)).default([3, 5, 7]).describe("How many there may be"),
  }),
  wanted: ({ allowed }) => `${allowed.join(" or ")} Sentinels, all of them watching`,
  judge: (facts, { allowed }) =>
    onDeployment(facts, () => {
      const { deployment, topology } = facts;
      if (deployment.kind !== "sentinel") return skip(`there are none with topology: ${deployment.kind}`);
      const declared = deployment.instances.filter(({ kind }) => kind === "sentinel").length;
      const silent = topology.sentinels.filter((each) => each.listed && !each.up).length;
      const watching = topology.sentinels.filter((each) => each.listed && each.up && each.watching).length;
      const measured = `${declared} declared, ${watching} watching`;
      if (allowed.includes(declared) && silent > 0 && watching + silent === declared) {
        return unknown(`${measured}, ${silent} did not answer`);
      }
      return passIf(allowed.includes(declared) && watching === declared, measured);
    }),
});
