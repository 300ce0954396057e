import type { YamlPath } from "../core/yaml/yaml-source.ts";
import type { ActionSpec } from "./action-spec.ts";
import { type CelType, objectType } from "./cel-type.ts";
import type { Place } from "./place.ts";
import type { RawStep } from "./schema.ts";
import type { Scope } from "./scope.ts";
import type { Unit } from "./unit.ts";

/** Actions that show their `with` to people. */
const TALKING = new Set(["confirm", "pause", "assert", "notify"]);

/** Steps that hold other steps may have targets whatever their scope: they run once for each. */
const CONTAINERS = new Set(["block", "runbook"]);

/** The scope of `with`: secrets are known there, except where the text is shown. */
export function secretsFor(unit: Unit, action: string, scope: Scope): Scope {
  if (TALKING.has(action)) return scope.without("secrets", `${action} shows its text`);
  const secret: CelType = { kind: "secret" };
  const names = Object.keys(unit.head.secrets ?? {});
  return scope.with("secrets", objectType("secrets", Object.fromEntries(names.map((name) => [name, secret]))));
}

/** Fields that go with some actions only, and targets with those that have a use for them. */
export function checkPlace(unit: Unit, raw: RawStep, spec: ActionSpec | undefined, path: YamlPath, place: Place): void {
  const add = (key: string, code: "RUNBOOK_TARGETS" | "RUNBOOK_SCHEMA", message: string, hint?: string) =>
    unit.problems.add(code, unit.source.position([...path, key], "key"), message, hint);
  const { action } = raw;
  // Targets that are written wrongly are a mistake of their own.
  const targeted = unit.source.has([...path, "targets"]);
  if (spec && !CONTAINERS.has(action)) {
    if ((spec.scope === "instance" || spec.scope === "host") && !targeted && !place.target) {
      const what = spec.scope === "instance" ? "an instance" : "a host";
      add(
        "action",
        "RUNBOOK_TARGETS",
        `${action} works on ${what}, and the step has no targets`,
        "add targets: { role: … }",
      );
    }
    if (spec.scope === "controller" && raw.targets) {
      add("targets", "RUNBOOK_TARGETS", `${action} runs once, on the operator's machine: it takes no targets`);
    }
  }
  if (raw.rollout && !targeted && !place.target)
    add("rollout", "RUNBOOK_TARGETS", "rollout goes with targets, and there are none here");
  for (const key of ["steps", "rescue", "always"] as const) {
    if (raw[key] && action !== "block") add(key, "RUNBOOK_SCHEMA", `${key} goes with action: block`);
  }
  if (action === "wait_for" && !unit.source.has([...path, "until"])) {
    add("action", "RUNBOOK_SCHEMA", "wait_for needs until: the condition it waits for");
  }
  if (raw.until !== undefined && action !== "wait_for" && spec && spec.effect !== "read") {
    add(
      "until",
      "RUNBOOK_SCHEMA",
      `until repeats the step, and ${action} changes something`,
      "use verify, or a wait_for after it",
    );
  }
  if (action === "assert" && raw.with?.that === undefined) {
    add("action", "RUNBOOK_SCHEMA", "assert needs with.that: a list of { expr, message }");
  }
  const script = raw.with?.script;
  if (typeof script === "string" && script.includes("${{")) {
    unit.problems.add(
      "RUNBOOK_TEMPLATE",
      unit.source.positionInString([...path, "with", "script"], script.indexOf("${{")),
      "no ${{ }} in shell text: a value with a quote or a $( ) in it would run as code",
      'pass it through env: and write "$NAME" in the script, or use ssh.exec with argv',
    );
  }
}

/** Texts for people stand as they are; secrets and templates have no place in them. */
export function checkTexts(unit: Unit, raw: RawStep, path: YamlPath): void {
  const refuse = (text: unknown, at: YamlPath, what: string) => {
    if (typeof text !== "string" || !text.includes("{{")) return;
    const position = unit.source.positionInString(at, Math.max(text.indexOf("{{") - 1, 0));
    unit.problems.add("RUNBOOK_TEMPLATE", position, `${what} takes no \${{ }}: it is shown before anything is known`);
  };
  refuse(raw.name, [...path, "name"], "name");
  const that: unknown = raw.action === "assert" ? raw.with?.that : undefined;
  if (!Array.isArray(that)) return;
  that.forEach((item: unknown, i) => {
    if (typeof item !== "object" || item === null || !("message" in item)) return;
    refuse(item.message, [...path, "with", "that", i, "message"], "the message of an assertion");
  });
}
