import { createHash } from "node:crypto";
import { InvalidFileError } from "../core/errors.ts";
import { readYaml } from "../core/yaml/read-yaml.ts";
import type { YamlSource } from "../core/yaml/yaml-source.ts";
import type { ActionCatalog } from "./action-spec.ts";
import { type CelType, DYN, objectType } from "./cel-type.ts";
import { compileSteps } from "./compile-steps.ts";
import { checkDisarm } from "./disarm-check.ts";
import { inputsType, readInputs } from "./inputs.ts";
import type { Expression, Invariant, Runbook, SecretSpec } from "./model.ts";
import { baseScope } from "./names.ts";
import { readPart } from "./part.ts";
import type { Place } from "./place.ts";
import { Problems, RUNBOOK_INVALID } from "./problems.ts";
import { headSchema, invariantSchema, type RawHead } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { allIds, checkUniqueIds } from "./step-ids.ts";
import { ms } from "./step-parts.ts";
import { expressionAt, type ResolveRunbook, type RunbookSource, type Unit } from "./unit.ts";

const DEFAULT_LEASE_MS = 60_000;

/**
 * Parses, checks and compiles a runbook and those it calls. Pure: `resolve` finds the text of `builtin:NAME` or of a
 * path. Throws InvalidFileError RUNBOOK_INVALID with all problems of all files at once, each with line, column and, where
 * there is one, what to write instead.
 */
export function compileRunbook(
  source: RunbookSource,
  catalog: ActionCatalog,
  resolve: ResolveRunbook,
): { readonly runbook: Runbook } {
  const problems = new Problems();
  const runbook = compileFile(source, catalog, resolve, problems, []);
  if (!runbook || problems.count > 0) {
    throw new InvalidFileError(RUNBOOK_INVALID, `${source.path} is not a valid runbook`, problems.sorted());
  }
  return { runbook };
}

function compileFile(
  source: RunbookSource,
  catalog: ActionCatalog,
  resolve: ResolveRunbook,
  problems: Problems,
  callers: readonly string[],
): Runbook | undefined {
  const yaml = readYaml(source.text, source.path, "RUNBOOK_YAML");
  problems.addAll(yaml.problems);
  if (yaml.value === undefined) return undefined;
  const head = readHead(yaml, problems);
  if (!head) return undefined;
  const stack = [...callers, source.path];
  const callee: Unit["callee"] = (ref) => {
    const target = resolve(ref);
    if (!target) return { problem: { code: "RUNBOOK_REFERENCE", message: `there is no runbook ${ref}` } };
    if (stack.includes(target.path)) {
      const message = `runbooks call each other in a circle: ${[...stack, target.path].join(" > ")}`;
      return { problem: { code: "RUNBOOK_CYCLE", message } };
    }
    const runbook = compileFile(target, catalog, resolve, problems, stack);
    return runbook ? { runbook } : {};
  };
  return compileUnit({ source: yaml, head, catalog, problems, callee }, source);
}

/** What a runbook is called has no bearing on its steps: where that is wrong, they are checked all the same. */
function readHead(yaml: YamlSource, problems: Problems): RawHead | undefined {
  const head = readPart(headSchema, yaml.value, [], yaml, problems);
  if (head || typeof yaml.value !== "object" || yaml.value === null) return head;
  const named = { ...yaml.value, kind: "Runbook", metadata: { name: "unnamed", version: "0" } };
  return readPart(headSchema, named, [], yaml, new Problems());
}

function compileUnit(unit: Unit, file: RunbookSource): Runbook {
  const { head, source, problems } = unit;
  checkUniqueIds(unit);
  const inputs = readInputs(head.inputs, source, problems);
  const base = baseScope().with("inputs", inputsTypeOf(head, inputs));
  const { vars, scope: withVars } = varsOf(unit, base);
  const scope = withVars.withAbsentSteps(allIds(unit), "it runs inside another block");
  const place = { scope, cleanup: false, blocks: [] };
  const steps = compileSteps(unit, head.steps, ["steps"], place);
  const last = compileSteps(unit, head.finally ?? [], ["finally"], { ...place, scope: steps.scope, cleanup: true });
  checkIdleBlocks(unit, place);
  checkDisarm(unit, [...steps.steps, ...last.steps]);
  return {
    source: {
      path: file.path,
      origin: file.origin,
      digest: `sha256:${createHash("sha256").update(file.text).digest("hex")}`,
    },
    name: head.metadata.name,
    version: head.metadata.version,
    description: head.metadata.description ?? "",
    labels: head.metadata.labels ?? {},
    requires: requiresOf(head),
    inputs,
    secrets: secretsOf(head, source),
    vars,
    concurrency: {
      lock: head.concurrency?.lock ?? "cluster",
      onConflict: head.concurrency?.on_conflict ?? "fail",
      leaseMs: ms(head.concurrency?.lease, DEFAULT_LEASE_MS),
      declared: head.concurrency !== undefined,
    },
    onInterrupt: head.on_interrupt ?? "pause",
    invariants: invariantsOf(unit, withVars),
    steps: steps.steps,
    finally: last.steps,
    outputs: outputsOf(unit, last.scope),
  };
}

/** An input whose declaration is wrong is still a name. */
function inputsTypeOf(head: RawHead, inputs: Runbook["inputs"]): CelType {
  const type = inputsType(inputs);
  const fields = type.kind === "object" ? type.fields : {};
  const names = Object.keys(head.inputs ?? {}).map((name): [string, CelType] => [name, fields[name] ?? DYN]);
  return objectType("inputs", Object.fromEntries(names));
}

function varsOf(unit: Unit, base: Scope): { readonly vars: Runbook["vars"]; readonly scope: Scope } {
  const raw = Object.entries(unit.head.vars ?? {});
  const vars: (readonly [string, Expression])[] = [];
  const types: Record<string, CelType> = {};
  let scope = base
    .with("vars", objectType("vars", {}))
    .without("steps", "vars are worked out before the first step")
    .absentNames(raw.map(([name]) => [`vars.${name}`, "vars see only those above them"]));
  for (const [name, source] of raw) {
    const expression = expressionAt(unit, ["vars", name], source, scope);
    types[name] = expression?.celType ?? DYN;
    if (expression) vars.push([name, expression]);
    scope = scope.with("vars", objectType("vars", { ...types }));
  }
  return { vars, scope: scope.with("steps", objectType("steps", {})) };
}

/** Invariants are looked at at any time, so no step's result is certain to be there. */
function invariantsOf(unit: Unit, scope: Scope): Invariant[] {
  const inside = scope.without("steps", "an invariant holds at any time, before the step too");
  return (unit.head.invariants ?? []).flatMap((value, i) => {
    const path = ["invariants", i];
    const raw = readPart(invariantSchema, value, path, unit.source, unit.problems);
    const assert = expressionAt(unit, [...path, "assert"], raw?.assert, inside, "bool");
    if (!raw || !assert) return [];
    return [{ id: raw.id, assert, graceMs: ms(raw.grace, 0), onViolation: raw.on_violation }];
  });
}

function outputsOf(unit: Unit, scope: Scope): Record<string, Expression> {
  return Object.fromEntries(
    Object.entries(unit.head.outputs ?? {}).flatMap(([name, source]) => {
      const expression = expressionAt(unit, ["outputs", name], source, scope);
      return expression ? [[name, expression]] : [];
    }),
  );
}

/** A block that nothing refers to is checked all the same; a mistake in it must not wait for its first use. */
function checkIdleBlocks(unit: Unit, place: Place): void {
  const used = JSON.stringify([unit.head.steps, unit.head.finally, unit.head.blocks]);
  for (const [name, steps] of Object.entries(unit.head.blocks ?? {})) {
    if (used.includes(`"ref":${JSON.stringify(name)}`)) continue;
    compileSteps(unit, steps, ["blocks", name], { ...place, target: "any", blocks: [name] });
  }
}

function requiresOf(head: RawHead): Runbook["requires"] {
  const { engine, topology, redis, answers = true } = head.requires ?? {};
  return {
    answers,
    ...(engine === undefined ? {} : { engine }),
    ...(topology === undefined ? {} : { topology }),
    ...(redis === undefined ? {} : { redis }),
  };
}

function secretsOf(head: RawHead, source: YamlSource): Record<string, SecretSpec> {
  return Object.fromEntries(
    Object.entries(head.secrets ?? {}).map(([name, { from }]) => {
      const [kind = "", ...rest] = from.split(":");
      const spec = { from: kind as SecretSpec["from"], value: rest.join(":") };
      return [name, { ...spec, position: source.position(["secrets", name], "key") }];
    }),
  );
}
