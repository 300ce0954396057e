import { nearest } from "../core/nearest.ts";
import type { Runbook, Step } from "../runbook/model.ts";

/** A step of a runbook or of one that it calls, under its path without targets: `replicas.fence`. */
export interface NamedStep {
  readonly path: string;
  readonly step: Step;
}

/** Every step, with those inside blocks and called runbooks. */
export function namedSteps(runbook: Runbook, prefix = ""): NamedStep[] {
  return [...runbook.steps, ...runbook.finally].flatMap((step) => within(step, prefix));
}

function within(step: Step, prefix: string): NamedStep[] {
  const path = `${prefix}${step.id}`;
  const { steps = [], rescue = [], always = [] } = step.block ?? {};
  const inner = [...steps, ...rescue, ...always].flatMap((each) => within(each, `${path}.`));
  return [{ path, step }, ...inner, ...(step.runbook ? namedSteps(step.runbook.compiled, `${path}.`) : [])];
}

/** The path of a step in events and journals without its targets and without ` (undo)`. */
export function plainPath(path: string): string {
  return path.replaceAll(/\[[^\]]*\]/g, "").replace(/ \(undo\)$/, "");
}

/** Whether `name`, an id or the end of a path, means the step at this plain path. */
export function means(name: string, path: string): boolean {
  return path === name || path.endsWith(`.${name}`);
}

/** The nearest right name for one that means no step. */
export function nearestStep(name: string, steps: readonly NamedStep[]): string | undefined {
  return nearest(name, name.includes(".") ? steps.map(({ path }) => path) : steps.map(({ step }) => step.id));
}
