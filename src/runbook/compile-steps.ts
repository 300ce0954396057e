import { parseDuration } from "../core/units.ts";
import type { YamlPath } from "../core/yaml/yaml-source.ts";
import type { ActionSpec } from "./action-spec.ts";
import { type CelType, celTypeOf, DYN, objectType } from "./cel-type.ts";
import { compileBlock, compileCall } from "./compile-nested.ts";
import { EFFECTS, type Effect } from "./effect.ts";
import type { TypedExpression } from "./expression.ts";
import type { ActionCall, Expression, Probe, Step, Undo } from "./model.ts";
import { hostType, stepType } from "./names.ts";
import { readPart } from "./part.ts";
import type { CompileSteps, Place } from "./place.ts";
import { type RawStep, stepSchema } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { checkPlace, checkTexts, secretsFor } from "./step-checks.ts";
import { idsIn } from "./step-ids.ts";
import { nearestAction, retryOf, rolloutOf, targetsOf, timeoutOf, verifyOf } from "./step-parts.ts";
import { type CompiledTemplate, compileTemplate, typeOfData } from "./template.ts";
import { expressionAt, type Unit } from "./unit.ts";
import { checkWith } from "./with-check.ts";

/** Compiles steps in order; each sees the results of those before it. Gives the scope behind the last one back. */
export const compileSteps: CompileSteps = (unit, raw, path, place) => {
  let scope = place.scope.withAbsentSteps(idsIn(raw), "it runs later");
  const steps: Step[] = [];
  raw.forEach((value, i) => {
    const at = [...path, i];
    const step = readPart(stepSchema, value, at, unit.source, unit.problems);
    if (!step) {
      for (const id of idsIn([value])) scope = scope.withStep(id, DYN);
      return;
    }
    const compiled = compileStep(unit, step, at, { ...place, scope });
    steps.push(compiled.step);
    scope = compiled.scope;
  });
  return { steps, scope };
};

function compileStep(unit: Unit, raw: RawStep, path: YamlPath, place: Place): { step: Step; scope: Scope } {
  const spec = unit.catalog.get(raw.action);
  if (!spec) {
    const message = `there is no action "${raw.action}"`;
    unit.problems.add(
      "RUNBOOK_REFERENCE",
      unit.source.position([...path, "action"]),
      message,
      nearestAction(unit, raw.action),
    );
  }
  const role = raw.targets?.role ?? place.target;
  const scope = role ? place.scope.with("host", hostType(role)) : place.scope;
  const targets = targetsOf(unit, raw.targets, path, scope);
  checkPlace(unit, raw, spec, path, place);
  checkTexts(unit, raw, path);

  const block =
    raw.action === "block" ? compileBlock(unit, raw, path, { ...place, scope }, role, compileSteps) : undefined;
  const call = raw.action === "runbook" ? compileCall(unit, raw, path, scope) : undefined;
  const least = block?.effect ?? call?.effect ?? spec?.effect ?? "read";
  const effect = effectOf(unit, raw, path, least);
  checkUndo(unit, raw, path, effect, place);

  const template = withOf(unit, raw, spec, path, scope);
  const outputs = call?.outputs ?? (raw.action === "set" ? typeOfData(template, raw.id) : outputTypeOf(spec));
  const after = scope.with("result", outputs);
  const condition = (key: "when" | "skip_if", within: Scope) =>
    expressionAt(unit, [...path, key], raw[key], within, "bool");
  const own = outputsOf(unit, raw, path, after);
  const assertions = raw.action === "assert" ? assertionsOf(unit, raw, path, scope) : undefined;
  const pointOfNoReturn =
    typeof raw.point_of_no_return === "boolean"
      ? raw.point_of_no_return
      : expressionAt(unit, [...path, "point_of_no_return"], raw.point_of_no_return, scope, "bool");

  const step: Step = {
    id: raw.id,
    action: raw.action,
    with: template,
    rollout: rolloutOf(unit, raw.rollout, path, effect, scope),
    retry: retryOf(raw.retry ?? unit.head.defaults?.retry),
    timeoutMs: timeoutOf(unit, raw),
    onFailure: raw.on_failure ?? unit.head.defaults?.on_failure ?? "abort",
    effect,
    outputs: own,
    sensitive: raw.sensitive ?? false,
    position: unit.source.position(path),
    ...optional("name", raw.name),
    ...optional("targets", targets),
    ...optional("when", condition("when", scope)),
    ...optional("skipIf", condition("skip_if", scope)),
    ...optional("until", expressionAt(unit, [...path, "until"], raw.until, after, "bool")),
    ...optional("failedWhen", expressionAt(unit, [...path, "failed_when"], raw.failed_when, after, "bool")),
    ...verifyOf(unit, raw, path, after),
    ...optional("probe", probeOf(unit, raw, path, scope)),
    ...optional("undo", raw.undo === "none" ? raw.undo : undoOf(unit, raw, spec, path, place, scope)),
    ...optional("disarm", typeof raw.disarm === "string" ? [raw.disarm] : raw.disarm),
    ...optional("pointOfNoReturn", pointOfNoReturn),
    ...optional("block", block?.block),
    ...optional("runbook", call?.call),
    ...optional("assertions", assertions),
  };
  const type = stepType(raw.id, withOutputs(raw.id, outputs, own), fansOut(unit, raw));
  return { step, scope: (block?.scope ?? place.scope).withStep(raw.id, type) };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V });
}

/** A step may say that it does worse than its action, never that it does less. */
function effectOf(unit: Unit, raw: RawStep, path: YamlPath, least: Effect): Effect {
  if (raw.effect === undefined || EFFECTS.indexOf(raw.effect) >= EFFECTS.indexOf(least)) return raw.effect ?? least;
  const message = `effect may be raised, not lowered: ${raw.action} is ${least}`;
  unit.problems.add("RUNBOOK_EFFECT", unit.source.position([...path, "effect"]), message);
  return least;
}

function checkUndo(unit: Unit, raw: RawStep, path: YamlPath, effect: Effect, place: Place): void {
  if (
    effect === "read" ||
    place.cleanup ||
    raw.undo !== undefined ||
    raw.action === "block" ||
    raw.action === "runbook"
  )
    return;
  unit.problems.add(
    "RUNBOOK_UNDO_MISSING",
    unit.source.position([...path, "id"]),
    `step ${raw.id} is ${effect} and does not say how it is undone`,
    "add undo: with an action, or undo: none where there is no way back or none is needed",
  );
}

function withOf(
  unit: Unit,
  raw: RawStep,
  spec: ActionSpec | undefined,
  path: YamlPath,
  scope: Scope,
): CompiledTemplate {
  const at = [...path, "with"];
  const verbatim = raw.action === "assert" ? ["that"] : [];
  const inside = secretsFor(unit, raw.action, scope);
  const template = compileTemplate(raw.with ?? {}, at, unit.source, inside, unit.problems, verbatim);
  if (spec) checkWith(spec, template, raw.with ? at : path, unit.source, unit.problems);
  return template;
}

/** An action that a step names beside its own: to take it back, or to tell whether it took effect. */
function callOf(
  unit: Unit,
  raw: { readonly action: string; readonly with?: Readonly<Record<string, unknown>> | undefined } | undefined,
  at: YamlPath,
  scope: Scope,
): ActionCall | undefined {
  if (raw === undefined) return undefined;
  const spec = unit.catalog.get(raw.action);
  if (!spec) {
    const message = `there is no action "${raw.action}"`;
    unit.problems.add(
      "RUNBOOK_REFERENCE",
      unit.source.position([...at, "action"]),
      message,
      nearestAction(unit, raw.action),
    );
  }
  const inside = secretsFor(unit, raw.action, scope).with("before", DYN);
  const template = compileTemplate(raw.with ?? {}, [...at, "with"], unit.source, inside, unit.problems);
  if (spec) checkWith(spec, template, raw.with ? [...at, "with"] : at, unit.source, unit.problems);
  return { action: raw.action, with: template, position: unit.source.position(at) };
}

/** An undo that a host is to hold must be one that it can carry out alone, and there must be a host. */
function undoOf(
  unit: Unit,
  raw: RawStep,
  spec: ActionSpec | undefined,
  path: YamlPath,
  place: Place,
  scope: Scope,
): Undo | undefined {
  const at = [...path, "undo"];
  const undo = raw.undo === "none" ? undefined : raw.undo;
  const call = callOf(unit, undo, at, scope);
  if (!call || undo?.armed === undefined) return call;
  const problem = armedProblem(unit, undo.action, undo.armed, spec, raw, place);
  if (problem !== undefined) unit.problems.add("RUNBOOK_ARMED", unit.source.position([...at, "armed"]), problem);
  return { ...call, armedMs: parseDuration(undo.armed) ?? 0 };
}

const ARMED_FROM_MS = 10_000;
const ARMED_TO_MS = 3_600_000;

function armedProblem(
  unit: Unit,
  action: string,
  armed: string,
  spec: ActionSpec | undefined,
  raw: RawStep,
  place: Place,
): string | undefined {
  const ms = parseDuration(armed) ?? ARMED_FROM_MS;
  if (ms < ARMED_FROM_MS || ms > ARMED_TO_MS) return `armed is from 10s to 1h, not ${armed}`;
  if (place.cleanup) return "armed has no use where nothing is undone: in finally, rescue and always";
  const undoing = unit.catalog.get(action);
  if (undoing && !undoing.onHost) return `a host cannot carry out ${action} alone, so the undo cannot be armed`;
  if (spec?.scope === "controller" || !(raw.targets || place.target)) return "armed needs a step that runs on targets";
  return undefined;
}

function probeOf(unit: Unit, raw: RawStep, path: YamlPath, scope: Scope): Probe | undefined {
  const at = [...path, "probe"];
  if (typeof raw.probe !== "object") {
    const that = expressionAt(unit, at, raw.probe, scope, "bool");
    return that && { that };
  }
  const call = callOf(unit, raw.probe, at, scope);
  const spec = unit.catalog.get(raw.probe.action);
  if (spec && spec.effect !== "read") {
    const message = `a probe only reads: ${spec.name} is ${spec.effect}`;
    unit.problems.add("RUNBOOK_EFFECT", unit.source.position([...at, "action"]), message);
  }
  const within = scope.with("result", outputTypeOf(spec));
  const that = expressionAt(unit, [...at, "that"], raw.probe.that, within, "bool");
  return that && { that, ...(call ? { call } : {}) };
}

const outputTypes = new WeakMap<ActionSpec, CelType>();

function outputTypeOf(spec: ActionSpec | undefined): CelType {
  if (!spec) return DYN;
  const known = outputTypes.get(spec) ?? celTypeOf(spec.output, `${spec.name} outputs`);
  outputTypes.set(spec, known);
  return known;
}

function outputsOf(unit: Unit, raw: RawStep, path: YamlPath, scope: Scope): Record<string, TypedExpression> {
  return Object.fromEntries(
    Object.entries(raw.outputs ?? {}).flatMap(([name, source]) => {
      const expression = expressionAt(unit, [...path, "outputs", name], source, scope);
      return expression ? [[name, expression]] : [];
    }),
  );
}

function withOutputs(id: string, action: CelType, own: Readonly<Record<string, TypedExpression>>): CelType {
  const entries = Object.entries(own);
  if (entries.length === 0 || action.kind !== "object") return action;
  const named = Object.fromEntries(entries.map(([name, expression]) => [name, expression.celType]));
  return objectType(`steps.${id}.outputs`, { ...action.fields, ...named });
}

/** True where the step has a result per target rather than one. A primary is one, except in a cluster. */
function fansOut(unit: Unit, raw: RawStep): boolean {
  const { targets } = raw;
  if (!targets || targets.limit === 1 || targets.hosts?.length === 1) return false;
  const topologies = unit.head.requires?.topology;
  return !(targets.role === "primary" && topologies && !topologies.includes("cluster"));
}

function assertionsOf(unit: Unit, raw: RawStep, path: YamlPath, scope: Scope): NonNullable<Step["assertions"]> {
  const that: unknown = raw.with?.that;
  if (!Array.isArray(that)) return [];
  return that.flatMap((item: unknown, i) => {
    if (typeof item !== "object" || item === null || !("expr" in item)) return [];
    const source = typeof item.expr === "string" || typeof item.expr === "boolean" ? item.expr : undefined;
    const expression: Expression | undefined = expressionAt(
      unit,
      [...path, "with", "that", i, "expr"],
      source,
      scope,
      "bool",
    );
    const message = "message" in item && typeof item.message === "string" ? item.message : (expression?.source ?? "");
    return expression ? [{ that: expression, message }] : [];
  });
}
