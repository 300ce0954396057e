import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment, Instance } from "../../inventory/model.ts";
import type { Runbook, Step, Targets } from "../../runbook/model.ts";

/**
 * Refuses a runbook before anything is touched where an undo of it is to be held by a host that redisha has no shell on.
 * Roles move, so that every host counts which the step could come to. A step with a condition is not refused before it is known
 * whether it is to run: then before its change, when its undo is to be armed.
 */
export function refuseUnarmable(runbook: Runbook, deployment: Deployment): void {
  for (const step of [...runbook.steps, ...runbook.finally]) refuse(step, undefined, deployment);
}

function refuse(step: Step, around: Targets | undefined, deployment: Deployment): void {
  const targets = step.targets ?? around;
  if (typeof step.undo === "object" && step.undo.armedMs !== undefined && targets && !step.when) {
    const without = deployment.instances.find((instance) => instance.host.ssh === "none" && couldBe(instance, targets))
      ?.host.name;
    if (without !== undefined) throw unarmable(step, without);
  }
  const { steps = [], rescue = [], always = [] } = step.block ?? {};
  for (const inner of [...steps, ...rescue, ...always]) refuse(inner, targets, deployment);
  if (step.runbook) refuseUnarmable(step.runbook.compiled, deployment);
}

function couldBe({ id, kind, host }: Instance, { role, hosts }: Targets): boolean {
  if (hosts && !hosts.includes(id) && !hosts.includes(host.name)) return false;
  return role === "any" || (role === "sentinel") === (kind === "sentinel");
}

/** What a step fails with, before its change, whose undo is to be held by a host without a shell: DEADMAN_NO_SHELL. */
export function unarmable(step: Step, host: string): RedishaError {
  return new RedishaError({
    code: "DEADMAN_NO_SHELL",
    message: `Step ${step.id} has an undo that its host is to hold, and ${host} has no SSH (ssh: none in redisha.yaml).`,
    host,
    exit: EXIT.usage,
    position: step.position,
    state: "this step changed nothing",
    next: [
      `give ${host} an ssh section in redisha.yaml`,
      "leave it out with `targets: { hosts: [...] }`",
      "or leave `armed` out of the step's undo: it is then taken back only by redisha",
    ],
  });
}
