import { nearest } from "../core/nearest.ts";
import type { YamlPath } from "../core/yaml/yaml-source.ts";
import { type CelType, DYN, objectType } from "./cel-type.ts";
import { EFFECTS, type Effect } from "./effect.ts";
import type { TypedExpression } from "./expression.ts";
import { describeInput, readValue } from "./inputs.ts";
import type { Role, Runbook, Step } from "./model.ts";
import type { CompileSteps, Place } from "./place.ts";
import { invariantSchema, type RawStep } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { secretsFor } from "./step-checks.ts";
import { idsIn } from "./step-ids.ts";
import { type CompiledTemplate, compileTemplate } from "./template.ts";
import type { Unit } from "./unit.ts";

/** The worst of what these steps do. */
function worstEffect(steps: readonly Step[]): Effect {
  return EFFECTS[Math.max(0, ...steps.map((step) => EFFECTS.indexOf(step.effect)))] ?? "read";
}

/** action: block, with its steps written here or by `ref` under `blocks:`. */
export function compileBlock(
  unit: Unit,
  raw: RawStep,
  path: YamlPath,
  place: Place,
  role: Role | undefined,
  compileSteps: CompileSteps,
): { readonly block: NonNullable<Step["block"]>; readonly effect: Effect; readonly scope: Scope } {
  const ref = refOf(raw);
  const { steps: list, at } = blockSteps(unit, raw, path, ref, place);
  const inner: Place = {
    ...place,
    ...(role ? { target: role } : {}),
    blocks: ref === undefined ? place.blocks : [...place.blocks, ref],
  };
  const steps = compileSteps(unit, list, at, inner);
  const cleanup = (key: "rescue" | "always", scope: Scope) =>
    compileSteps(unit, raw[key] ?? [], [...path, key], { ...inner, scope, cleanup: true });
  const rescue = cleanup("rescue", steps.scope);
  const always = cleanup("always", rescue.scope);
  // Per target, each has results of its own; behind the block there is no saying whose are meant.
  const inside = [...idsIn(list), ...idsIn(raw.rescue), ...idsIn(raw.always)];
  const reason = `it runs once per target inside step ${raw.id}, and its result stays there`;
  return {
    block: { steps: steps.steps, rescue: rescue.steps, always: always.steps, ...(ref === undefined ? {} : { ref }) },
    effect: worstEffect([...steps.steps, ...rescue.steps, ...always.steps]),
    scope: role ? place.scope.withAbsentSteps(inside, reason) : always.scope,
  };
}

function refOf(raw: RawStep): string | undefined {
  const ref: unknown = raw.with?.ref;
  return typeof ref === "string" ? ref : undefined;
}

function blockSteps(
  unit: Unit,
  raw: RawStep,
  path: YamlPath,
  ref: string | undefined,
  place: Place,
): { readonly steps: readonly unknown[]; readonly at: YamlPath } {
  const at = unit.source.position([...path, "action"]);
  if (ref === undefined) {
    if (!raw.steps) unit.problems.add("RUNBOOK_SCHEMA", at, "a block needs steps, or with.ref: the name of a block");
    return { steps: raw.steps ?? [], at: [...path, "steps"] };
  }
  const where = unit.source.position([...path, "with", "ref"]);
  if (raw.steps) unit.problems.add("RUNBOOK_SCHEMA", where, "a block has steps or with.ref, not both");
  if (place.blocks.includes(ref)) {
    const message = `block ${ref} contains itself: ${[...place.blocks, ref].join(" > ")}`;
    unit.problems.add("RUNBOOK_CYCLE", where, message);
    return { steps: [], at: path };
  }
  const blocks = unit.head.blocks ?? {};
  const steps = Object.hasOwn(blocks, ref) ? blocks[ref] : undefined;
  if (!steps) {
    const near = nearest(ref, Object.keys(blocks));
    const hint = near === undefined ? undefined : `did you mean "${near}"?`;
    unit.problems.add("RUNBOOK_REFERENCE", where, `there is no block "${ref}"`, hint);
  }
  return { steps: steps ?? [], at: ["blocks", ref] };
}

/** action: runbook. What it hands over is checked against the inputs of the runbook it calls. */
export function compileCall(
  unit: Unit,
  raw: RawStep,
  path: YamlPath,
  scope: Scope,
): { readonly call?: NonNullable<Step["runbook"]>; readonly effect: Effect; readonly outputs: CelType } {
  const none = { effect: "read", outputs: DYN } as const;
  const ref = refOf(raw);
  if (ref === undefined) {
    const at = unit.source.position([...path, raw.with === undefined ? "action" : "with"]);
    unit.problems.add("RUNBOOK_SCHEMA", at, "a runbook step needs with.ref: builtin:NAME or a path");
    return none;
  }
  const where = unit.source.position([...path, "with", "ref"]);
  const { runbook, problem } = unit.callee(ref);
  if (problem) unit.problems.addAll([{ ...problem, position: where }]);
  if (!runbook) return none;
  const at = [...path, "with", "inputs"];
  const inside = secretsFor(unit, raw.action, scope);
  const inputs = compileTemplate(raw.with?.inputs ?? {}, at, unit.source, inside, unit.problems);
  checkHandedInputs(unit, runbook, inputs, at);
  const stated = (unit.head.invariants ?? []).map((value) => invariantSchema.safeParse(value).data?.id);
  const unwatched = runbook.invariants.filter(({ id }) => !stated.includes(id));
  if (unwatched.length > 0) {
    const names = unwatched.map(({ id }) => id).join(", ");
    const message = `runbook ${runbook.name} has invariants (${names}), and those of a called runbook are not watched`;
    unit.problems.add("RUNBOOK_REFERENCE", where, message, "state them in the runbook that calls it");
  }
  const outputs = Object.entries(runbook.outputs).map(([name, expression]): [string, CelType] => [
    name,
    portable(expression),
  ]);
  return {
    call: { ref, inputs, compiled: runbook },
    effect: worstEffect([...runbook.steps, ...runbook.finally]),
    outputs: objectType(`outputs of ${runbook.name}`, Object.fromEntries(outputs)),
  };
}

/** Object types belong to the runbook that made them; scalars mean the same everywhere. */
function portable(expression: Runbook["outputs"][string] & Partial<TypedExpression>): CelType {
  const type = expression.celType ?? DYN;
  return type.kind === "object" || type.kind === "list" || type.kind === "map" ? DYN : type;
}

function checkHandedInputs(unit: Unit, callee: Runbook, inputs: CompiledTemplate, at: YamlPath): void {
  const given: Readonly<Record<string, unknown>> = isRecord(inputs.data) ? inputs.data : {};
  const known = Object.keys(callee.inputs);
  for (const [name, value] of Object.entries(given)) {
    const spec = callee.inputs[name];
    const holes = inputs.holes.filter((hole) => hole.path[0] === name);
    if (!spec) {
      const near = nearest(name, known);
      const hint = near === undefined ? `its inputs: ${known.join(", ") || "none"}` : `did you mean "${near}"?`;
      const position = unit.source.position([...at, name], "key");
      unit.problems.add("RUNBOOK_WITH", position, `runbook ${callee.name} has no input "${name}"`, hint);
    } else if (holes.length === 0 && "wrong" in readValue(spec, value)) {
      const position = unit.source.position([...at, name]);
      unit.problems.add("RUNBOOK_WITH", position, `input ${name} of ${callee.name} expects ${describeInput(spec)}`);
    }
  }
  for (const [name, spec] of Object.entries(callee.inputs)) {
    if (!spec.required || Object.hasOwn(given, name)) continue;
    const message = `runbook ${callee.name} requires input ${name}: ${describeInput(spec)}`;
    unit.problems.add("RUNBOOK_WITH", unit.source.position(at), message);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
