import { checklistInputSchema, checklistOf, checklistSchema } from "../../preflight/checklist.ts";
import { defineAction } from "../define.ts";

/** Puts together what is going to be asked: nothing is looked at that no check asks for. */
export const preflightChecklist = defineAction({
  name: "preflight.checklist",
  summary: "Puts together the checks that are asked, with the severities and thresholds of a profile",
  scope: "controller",
  effect: "read",
  input: checklistInputSchema,
  output: checklistSchema,
  example: `- id: checklist
  action: preflight.checklist
  with:
    profile: production
    checks: [{ check: backlog-size, severity: error, limits: { least: 1gb } }]
    profiles: { production: {}, dev: { backlog-size: { severity: info } } }`,
  commands: () => [],
  async run({ profile, only, skip, checks, profiles }, { deployment }) {
    const chosen = profile ?? deployment.preflight?.profile ?? "production";
    const outputs = checklistOf(checks, profiles, { profile: chosen, only, skip });
    return { outputs, changed: false };
  },
});
