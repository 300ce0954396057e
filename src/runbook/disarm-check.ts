import type { Step } from "./model.ts";
import type { Unit } from "./unit.ts";

/** `disarm` names steps that stand before it and whose undo is armed: anything else is a slip of the pen. */
export function checkDisarm(unit: Unit, steps: readonly Step[]): void {
  const armed = new Set<string>();
  const visit = (step: Step): void => {
    for (const id of step.disarm ?? []) {
      if (armed.has(id)) continue;
      const message = `step ${step.id} disarms ${id}, which is no earlier step with an undo that is armed`;
      unit.problems.add("RUNBOOK_ARMED", step.position, message);
    }
    if (typeof step.undo === "object" && step.undo.armedMs !== undefined) armed.add(step.id);
    if (step.block) [...step.block.steps, ...step.block.rescue, ...step.block.always].forEach(visit);
  };
  steps.forEach(visit);
}
