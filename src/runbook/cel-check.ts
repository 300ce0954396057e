import { nearest } from "../core/nearest.ts";
import { accessOf, type CelNode, callOf, isCelNode, literalString, walk } from "./cel-ast.ts";
import { RENAMED } from "./cel-functions.ts";
import { friendlyTypes, type TreeProblem } from "./cel-words.ts";
import { patternProblem } from "./regex.ts";
import type { Scope } from "./scope.ts";

/** Sends calls of names that CEL has taken to our own functions. Must run before the tree is type-checked. */
export function renameCalls(tree: CelNode): void {
  walk(tree, (node) => {
    const call = callOf(node);
    const renamed = call && !call.receiver ? RENAMED[call.name] : undefined;
    if (renamed !== undefined && Array.isArray(node.args)) node.args[0] = renamed;
  });
}

/** What type-checking lets through, and is wrong all the same. The tree must have been type-checked. */
export function checkTree(tree: CelNode, scope: Scope, source: string): readonly TreeProblem[] {
  const problems: TreeProblem[] = [];
  walk(tree, (node) => {
    problems.push(...comparisonProblems(node, scope, source), ...patternProblems(node));
  });
  return problems;
}

/** `role == "master"` is a comparison of texts, and never true. */
function comparisonProblems(node: CelNode, scope: Scope, source: string): TreeProblem[] {
  if (!["==", "!=", "in"].includes(node.op) || !Array.isArray(node.args)) return [];
  const [left, right]: unknown[] = node.args;
  if (!isCelNode(left) || !isCelNode(right)) return [];
  if (node.op === "in") {
    const items = right.op === "list" && Array.isArray(right.args) ? right.args.filter(isCelNode) : [];
    return items.flatMap((item) => impossibleValue(left, item, scope, source));
  }
  return [
    ...impossibleTypes(left, right, node, source),
    ...impossibleValue(left, right, scope, source),
    ...impossibleValue(right, left, scope, source),
  ];
}

function impossibleTypes(left: CelNode, right: CelNode, node: CelNode, source: string): TreeProblem[] {
  const a = unwrapped(left);
  const b = unwrapped(right);
  const numbers = ["int", "double"];
  if (a === b || a === "dyn" || b === "dyn" || a === "null" || b === "null") return [];
  if (/^(list|map)/.test(a) || /^(list|map)/.test(b) || (numbers.includes(a) && numbers.includes(b))) return [];
  return [
    {
      offset: node.start,
      message: `${textOf(left, source)} is ${friendlyTypes(a)} and ${textOf(right, source)} is ${friendlyTypes(b)}: they are never equal`,
    },
  ];
}

function impossibleValue(field: CelNode, literal: CelNode, scope: Scope, source: string): TreeProblem[] {
  const value = literalString(literal);
  const access = accessOf(field);
  if (value === undefined || !access) return [];
  const owner = scope.table.typeNamed(access.left.checkedType?.name ?? "dyn");
  const type = owner.kind === "object" ? owner.fields[access.name] : undefined;
  if (type?.kind !== "string" || !type.values || type.values.includes(value)) return [];
  const near = RENAMED_VALUES[value] ?? nearest(value, type.values);
  return [
    {
      offset: literal.start,
      message: `${textOf(field, source)} is never "${value}"; it is one of ${type.values.join(", ")}`,
      ...(near !== undefined && type.values.includes(near) ? { hint: `did you mean "${near}"?` } : {}),
    },
  ];
}

/** Redis' older words for what is called otherwise here. */
const RENAMED_VALUES: Readonly<Record<string, string>> = { master: "primary", slave: "replica" };

function patternProblems(node: CelNode): TreeProblem[] {
  const call = callOf(node);
  const argument = call?.receiver && call.name === "matches" ? call.args[0] : undefined;
  if (!argument) return [];
  const pattern = literalString(argument);
  if (pattern === undefined) {
    return [
      {
        offset: argument.start,
        message: "matches() takes a pattern written out here",
        hint: "glob(text, pattern) takes any",
      },
    ];
  }
  const problem = patternProblem(pattern);
  return problem === undefined ? [] : [{ offset: argument.start, message: problem }];
}

function unwrapped(node: CelNode): string {
  return (node.checkedType?.name ?? "dyn").replace(/^dyn<(.+)>$/, "$1");
}

function textOf(node: CelNode, source: string): string {
  return source.slice(node.start, node.end);
}
