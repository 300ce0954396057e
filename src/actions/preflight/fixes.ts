import { z } from "zod";
import { fixesIn, fixesSchema } from "../../preflight/fixes.ts";
import { reportSchema } from "../../preflight/report.ts";
import { defineAction } from "../define.ts";

const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** What of a report can be mended without asking anybody anything else. */
export const preflightFixes = defineAction({
  name: "preflight.fixes",
  summary: "Takes out of a report what is safe to mend: directives by instance, and hosts whose settings init-os makes",
  scope: "controller",
  effect: "read",
  input: z.strictObject({ report: reportSchema.describe("Outputs of preflight.judge") }),
  output: fixesSchema,
  example: `- id: fixes
  action: preflight.fixes
  with: { report: "\${{ steps.judge.outputs }}" }`,
  commands: () => [],
  async run({ report }, { deployment }) {
    const own = deployment.hosts.filter(({ address }) => LOOPBACK.test(address)).map(({ name }) => name);
    return { outputs: fixesIn(report, new Set(own)), changed: false };
  },
});
