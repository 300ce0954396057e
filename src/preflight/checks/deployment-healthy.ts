import { z } from "zod";
import { judge } from "../../topology/judge.ts";
import { fail, onDeployment, pass, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const deploymentHealthy = defineCheck({
  id: "deployment-healthy",
  title: "The deployment is healthy, and bears a failure",
  why: "A deployment that is degraded now has used up what it was to bear later.",
  how: "The verdict of `redisha status`: every instance is looked at, and the loss of each host is tried on the model.",
  mend: ["redisha status --wide"],
  documentation: "docs/guide/verdicts.md",
  reads: ["servers"],
  limits: z.strictObject({
    tolerates: z.int().min(0).default(1).describe("Losses that it should bear"),
  }),
  wanted: ({ tolerates }) => `healthy, and able to lose ${tolerates} ${tolerates === 1 ? "host" : "hosts"}`,
  judge: (facts, { tolerates }) =>
    onDeployment(facts, () => {
      const { state, summary, tolerance, findings } = judge(facts.topology);
      const next = findings.filter(({ severity }) => severity !== "info").flatMap((finding) => finding.next);
      const more = { next: [...new Set(next)].slice(0, 5) };
      if (state === "critical" || state === "unreachable") return fail(summary, more);
      if (tolerance.failures < tolerates) return fail(`${summary} ${tolerance.text}`, more);
      return state === "degraded" ? warn(summary, more) : pass(summary);
    }),
});
