import { z } from "zod";
import { formatDuration } from "../../core/units.ts";
import { fail, known, onDeployment, passIf } from "../findings.ts";
import { duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const drillRecent = defineCheck({
  id: "drill-recent",
  title: "A failover was tried not long ago, and went well",
  why: "A failover that was never tried is a hope: addresses, passwords, rules and clients change, and each can break it without a sign.",
  how: "The history of drills on this machine: the newest one within its budget.",
  mend: ["redisha failover-test", "redisha drills list"],
  documentation: "docs/guide/drills.md",
  reads: ["drills"],
  limits: z.strictObject({ most_age: duration("35d", "Age of the newest good drill at most") }),
  wanted: ({ most_age }) => `a good drill, no older than ${formatDuration(most_age)}`,
  judge: (facts, { most_age }) =>
    onDeployment(facts, () => {
      const { last_good } = known(facts.drills, "the history was not looked at");
      if (!last_good) return fail("there is none in the history of this machine");
      const age = last_good.age_s * 1_000;
      return passIf(age <= most_age, `${last_good.run} (${last_good.mode}), ${formatDuration(age)} ago`);
    }),
});
