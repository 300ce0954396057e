import type { Problem } from "../core/errors.ts";
import { checkAgainst, type Issue } from "../core/yaml/schema-problems.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";
import type { ActionSpec } from "./action-spec.ts";
import { type CelType, celTypeOf } from "./cel-type.ts";
import type { Problems } from "./problems.ts";
import { FLOW_INPUTS } from "./schema.ts";
import type { CompiledTemplate, Hole } from "./template.ts";

/** Stands for a value that is not known before the run. No schema accepts it, so every complaint at its place is ours. */
const UNKNOWN = Symbol("known at run time");

/** Checks `with` against the action's input, as far as it is written out; holes are checked by their type. */
export function checkWith(
  spec: ActionSpec,
  template: CompiledTemplate,
  path: YamlPath,
  source: YamlSource,
  problems: Problems,
): void {
  const { holes } = template;
  const alone = new Set(holes.filter((hole) => hole.alone).map((hole) => hole.path.join("\0")));
  const data = withUnknowns(template.data, [], alone);
  const result = checkAgainst(inputSchemaOf(spec), source, "RUNBOOK_WITH", data, path, (issue) => counts(issue, holes));
  problems.addAll(result.problems.map((problem) => named(problem, spec)));
  const type = inputTypeOf(spec);
  for (const hole of holes) checkHole(hole, typeAt(type, hole.path), spec, problems);
}

function named(problem: Problem, spec: ActionSpec): Problem {
  return { ...problem, message: `${spec.name}: ${problem.message}` };
}

function withUnknowns(value: unknown, path: readonly (string | number)[], alone: ReadonlySet<string>): unknown {
  if (typeof value === "string") return alone.has(path.join("\0")) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map((item, i) => withUnknowns(item, [...path, i], alone));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withUnknowns(item, [...path, key], alone)]),
  );
}

/** False for a complaint about a value that is only known at run time. */
function counts(issue: Issue, holes: readonly Hole[]): boolean {
  const path = issue.path.map(String);
  const whole = issue.code === "invalid_union" || issue.code === "custom";
  return !holes.some((hole) => {
    const at = hole.path.map(String);
    const same = path.length === at.length && startsWith(path, at);
    // Text with a hole in it is a text, whatever the hole holds.
    if (same && !hole.alone) return issue.code !== "invalid_type";
    return startsWith(path, at) || (whole && startsWith(at, path));
  });
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((part, i) => path[i] === part);
}

function checkHole(hole: Hole, expected: CelType | undefined, spec: ActionSpec, problems: Problems): void {
  const { type } = hole;
  const at = hole.path.join(".");
  if (type?.kind === "secret") {
    if (spec.secretsIn?.includes(String(hole.path[0]))) return;
    const places = spec.secretsIn?.map((key) => `with.${key}`).join(" or ");
    const hint = `secrets stand only where nobody can read them${places ? `; ${spec.name} takes them in ${places}` : ""}`;
    problems.add("RUNBOOK_SECRET", hole.position, `${spec.name}: ${at} takes no secret`, hint);
    return;
  }
  if (!expected || !type || expected.kind === "dyn" || type.kind === "dyn") return;
  if (hole.alone && !fits(expected, type)) {
    const hint = expected.kind === "string" ? `write it inside a text, or as string(…)` : undefined;
    problems.add(
      "RUNBOOK_WITH",
      hole.position,
      `${spec.name}: ${at} expects ${expected.kind}, this is ${type.kind}`,
      hint,
    );
  }
}

function fits(expected: CelType, actual: CelType): boolean {
  switch (expected.kind) {
    case "string":
      return actual.kind === "string" || actual.kind === "duration";
    case "double":
      return actual.kind === "int" || actual.kind === "double";
    case "map":
    case "object":
      return actual.kind === "map" || actual.kind === "object";
    default:
      return actual.kind === expected.kind;
  }
}

const inputTypes = new WeakMap<ActionSpec, CelType>();

function inputTypeOf(spec: ActionSpec): CelType {
  const known = inputTypes.get(spec) ?? celTypeOf(inputSchemaOf(spec), spec.name, "input");
  inputTypes.set(spec, known);
  return known;
}

function inputSchemaOf(spec: ActionSpec): ActionSpec["input"] {
  return FLOW_INPUTS.get(spec.name) ?? spec.input;
}

function typeAt(type: CelType, path: readonly (string | number)[]): CelType | undefined {
  return path.reduce<CelType | undefined>((at, part) => {
    if (at?.kind === "object") return at.fields[String(part)];
    return at?.kind === "list" || at?.kind === "map" ? at.of : undefined;
  }, type);
}
