import { preflightChecklist } from "../actions/preflight/checklist.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Deployment } from "../inventory/model.ts";
import { checkNamed } from "../preflight/catalog.ts";
import { type Checklist, checklistInputSchema, checklistOf } from "../preflight/checklist.ts";
import type { Check } from "../preflight/model.ts";
import { resolveInputs } from "../runbook/inputs.ts";
import type { Runbook } from "../runbook/model.ts";

/** A check with what a runbook makes of it. */
export interface ListedCheck extends Pick<Checklist["checks"][number], "severity" | "limits"> {
  readonly check: Check;
}

/**
 * The checks that a runbook asks, as its step preflight.checklist has them, without looking at anything. Fails with
 * PREFLIGHT_NO_CHECKLIST where it has no such step.
 */
export function checksOf(
  runbook: Runbook,
  inputs: Readonly<Record<string, string>>,
  deployment?: Deployment,
): { profile: string; profiles: readonly string[]; checks: readonly ListedCheck[] } {
  const step = runbook.steps.find(({ action }) => action === preflightChecklist.name);
  if (!step) throw noChecklist(runbook);
  const values = resolveInputs(runbook, inputs, "--input");
  const nothing = { vars: {}, secrets: {}, run: {}, cluster: {}, steps: {}, topo: undefined };
  const asked = checklistInputSchema.parse(step.with.render({ ...nothing, inputs: values }));
  const profile = asked.profile ?? deployment?.preflight?.profile ?? "production";
  const { checks } = checklistOf(asked.checks, asked.profiles, { ...asked, profile });
  return {
    profile,
    profiles: Object.keys(asked.profiles),
    checks: checks.flatMap(({ check: id, severity, limits }) => {
      const check = checkNamed(id);
      return check ? [{ check, severity, limits }] : [];
    }),
  };
}

function noChecklist({ source }: Runbook): RedishaError {
  return new RedishaError({
    code: "PREFLIGHT_NO_CHECKLIST",
    message: `${source.path} has no step with the action preflight.checklist.`,
    exit: EXIT.usage,
    state: "nothing was looked at",
    next: ["redisha runbook eject preflight gives you the shipped one to change"],
  });
}
