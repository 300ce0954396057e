import type { YamlPath } from "../core/yaml/yaml-source.ts";
import type { Unit } from "./unit.ts";

const LISTS = ["steps", "rescue", "always"] as const;

/** Ids of steps as written, those inside blocks too. Works on raw data: a step with a mistake has an id all the same. */
export function idsIn(steps: unknown): string[] {
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((step: unknown) => {
    if (typeof step !== "object" || step === null) return [];
    const own = "id" in step && typeof step.id === "string" ? [step.id] : [];
    return [...own, ...LISTS.flatMap((list) => idsIn(Reflect.get(step, list)))];
  });
}

/** An id names one step in the whole runbook: the journal and `steps.<id>` go by it. */
export function checkUniqueIds(unit: Unit): void {
  const first = new Map<string, number>();
  const visit = (steps: unknown, path: YamlPath): void => {
    if (!Array.isArray(steps)) return;
    steps.forEach((step: unknown, i) => {
      if (typeof step !== "object" || step === null) return;
      const at = [...path, i];
      if ("id" in step && typeof step.id === "string") {
        const position = unit.source.position([...at, "id"]);
        const line = first.get(step.id);
        if (line === undefined) first.set(step.id, position.line);
        else {
          const message = `step id "${step.id}" stands already in line ${line}`;
          unit.problems.add("RUNBOOK_REFERENCE", position, message, "ids are unique in a runbook, in its blocks too");
        }
      }
      for (const list of LISTS) visit(Reflect.get(step, list), [...at, list]);
    });
  };
  const { head } = unit;
  for (const name of Object.keys(head.blocks ?? {})) visit(head.blocks?.[name], ["blocks", name]);
  visit(head.steps, ["steps"]);
  visit(head.finally, ["finally"]);
}

/** Every step id of the runbook. */
export function allIds(unit: Unit): string[] {
  const { head } = unit;
  return [...Object.values(head.blocks ?? {}).flatMap(idsIn), ...idsIn(head.steps), ...idsIn(head.finally)];
}
