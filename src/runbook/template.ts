import type { FilePosition } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";
import { BOOL, type CelType, DYN, INT, objectType, STRING } from "./cel-type.ts";
import { compileExpression, type TypedExpression } from "./expression.ts";
import type { EvalContext, Template } from "./model.ts";
import type { Problems } from "./problems.ts";
import type { Scope } from "./scope.ts";
import { splitTemplate } from "./template-text.ts";

type Path = readonly (string | number)[];

/** Where a template stands in the data: a string that is only `${{ }}` has the type of its expression. */
export interface Hole {
  readonly path: Path;
  readonly type: CelType | undefined;
  /** False where text stands around it: the whole is then a string. */
  readonly alone: boolean;
  readonly position: FilePosition;
  readonly reads: readonly string[];
}

/** A compiled template, and what the check of `with` needs to know of its holes. */
export interface CompiledTemplate extends Template {
  readonly data: unknown;
  readonly holes: readonly Hole[];
}

type Render = (context: EvalContext) => unknown;

/**
 * Compiles data whose strings may hold `${{ cel }}`. A string that is only `${{ }}` keeps the value's type; with text
 * around it, it becomes text, and a secret in it keeps the whole wrapped. Keys in `verbatim` are not looked into.
 */
export function compileTemplate(
  data: unknown,
  path: YamlPath,
  source: YamlSource,
  scope: Scope,
  problems: Problems,
  verbatim: readonly string[] = [],
): CompiledTemplate {
  const holes: Hole[] = [];
  const visit = (value: unknown, at: Path): Render => {
    if (at.length === 1 && verbatim.includes(String(at[0]))) return () => value;
    if (typeof value === "string") return compileString(value, [...path, ...at], at, source, scope, problems, holes);
    if (Array.isArray(value)) {
      const items = value.map((item, i) => visit(item, [...at, i]));
      return (context) => items.map((item) => item(context));
    }
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value).map(([key, item]) => [key, visit(item, [...at, key])] as const);
      return (context) => Object.fromEntries(entries.map(([key, item]) => [key, item(context)]));
    }
    return () => value;
  };
  const render = visit(data, []);
  const reads = [...new Set(holes.flatMap((hole) => hole.reads))].sort();
  return { position: source.position(path), data, holes, reads, render };
}

function compileString(
  text: string,
  path: YamlPath,
  at: Path,
  source: YamlSource,
  scope: Scope,
  problems: Problems,
  holes: Hole[],
): Render {
  const { parts, problem } = splitTemplate(text);
  if (problem) {
    problems.add("RUNBOOK_TEMPLATE", source.positionInString(path, problem.offset), problem.message, problem.hint);
    return () => text;
  }
  const alone = parts.length === 1;
  const compiled = parts.map((part): TypedExpression | string | undefined => {
    if (part.kind === "text") return part.text;
    const expression = compileExpression(
      { source: part.text, locate: (offset) => source.positionInString(path, part.offset + offset) },
      scope,
      problems,
    );
    const position = source.positionInString(path, part.offset);
    holes.push({ path: at, type: expression?.celType, alone, position, reads: expression?.reads ?? [] });
    return expression;
  });
  const [only] = compiled;
  if (alone && typeof only === "object") return (context) => only.evaluate(context);
  if (compiled.every((part) => typeof part === "string")) return () => text;
  return (context) =>
    joined(compiled.map((part) => (typeof part === "object" ? part.evaluate(context) : (part ?? ""))));
}

/** Text of all parts; wrapped where one of them is a secret. */
function joined(values: readonly unknown[]): string | Secret {
  const secret = values.find((value) => value instanceof Secret);
  const text = values.map((value) => (value instanceof Secret ? value.reveal() : asText(value))).join("");
  return secret ? new Secret(text, secret.origin) : text;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The type of what a template renders to: of action `set`, whose outputs are its `with`. */
export function typeOfData(template: CompiledTemplate, name: string): CelType {
  const typeOf = (value: unknown, path: Path): CelType => {
    const hole = template.holes.find((each) => each.path.join("\0") === path.join("\0"));
    if (hole) return hole.alone ? (hole.type ?? DYN) : STRING;
    if (typeof value === "string") return STRING;
    if (typeof value === "boolean") return BOOL;
    if (typeof value === "number") return Number.isInteger(value) ? INT : { kind: "double" };
    if (typeof value !== "object" || value === null || Array.isArray(value)) return DYN;
    const fields = Object.entries(value).map(([key, item]): [string, CelType] => [key, typeOf(item, [...path, key])]);
    return objectType([`values of ${name}`, ...path].join("."), Object.fromEntries(fields));
  };
  return typeOf(template.data, []);
}
