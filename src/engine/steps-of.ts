import type { Runbook, Step } from "../runbook/model.ts";

/** Every step of a runbook, those inside blocks and sub-runbooks too. */
export function stepsOf(runbook: Runbook): Step[] {
  return [...runbook.steps, ...runbook.finally].flatMap(within);
}

function within(step: Step): Step[] {
  const inner = step.block ? [...step.block.steps, ...step.block.rescue, ...step.block.always] : [];
  const sub = step.runbook ? stepsOf(step.runbook.compiled) : [];
  return [step, ...inner.flatMap(within), ...sub];
}
