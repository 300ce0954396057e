import { nearest } from "../core/nearest.ts";
import { accessOf, type CelNode, isCelNode, walk } from "./cel-ast.ts";
import { domainFunctions, RENAMED } from "./cel-functions.ts";
import { friendlyTypes, type TreeProblem } from "./cel-words.ts";
import type { Scope } from "./scope.ts";

interface LibraryError {
  readonly code: string;
  readonly summary: string;
  readonly start: number;
  readonly node: CelNode | undefined;
}

/** What the library says at load, in words that name the fix. */
export function explainStatic(error: unknown, scope: Scope, source: string): TreeProblem {
  const { code, summary, start, node } = read(error);
  switch (code) {
    case "unknown_variable":
      return unknownName(summary.replace(/^Unknown variable: /, ""), start, scope);
    case "no_such_key":
      return unknownField(node, start, scope, source) ?? { offset: start, message: summary };
    case "no_matching_overload":
      return unknownCall(summary, start, node);
    case "no_such_overload":
      return { offset: start, message: operatorSentence(summary), ...nullHint(summary) };
    case "unexpected_token":
      return { offset: start, message: summary.replace("Unexpected token: EOF", "the expression ends too early") };
    default:
      return { offset: start, message: friendlyTypes(summary) };
  }
}

/** What was thrown at run time. `unknown` where the cause is a value that is null or not there. */
export function explainThrown(
  error: unknown,
  tree: CelNode,
  source: string,
): { readonly offset: number; readonly message: string; readonly unknown: boolean } {
  const { code, summary, start } = read(error);
  const quoted = `\`${source}\``;
  if (/\bnull\b/.test(summary)) {
    const names = nullableNames(tree, source);
    const what = names.length === 0 ? "a value" : names.length === 1 ? names[0] : `one of ${names.join(", ")}`;
    return { offset: start, message: `${quoted}: ${what} is null, that is: not known`, unknown: true };
  }
  if (code === "no_such_key" || code === "index_out_of_bounds" || code === "unknown_variable") {
    const what = summary.replace(/^(No such key|Unknown variable): /, "");
    const message = code === "index_out_of_bounds" ? "the list has no such item" : `there is no ${what} (yet)`;
    return { offset: start, message: `${quoted}: ${message}`, unknown: true };
  }
  return { offset: start, message: `${quoted}: ${friendlyTypes(summary)}`, unknown: false };
}

function read(error: unknown): LibraryError {
  const fields = typeof error === "object" && error !== null ? error : {};
  const range: unknown = "range" in fields ? fields.range : undefined;
  const start = typeof range === "object" && range !== null && "start" in range ? Number(range.start) : 0;
  const node: unknown = "node" in fields ? fields.node : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "code" in fields ? String(fields.code) : "",
    summary: "summary" in fields ? String(fields.summary) : message,
    start,
    node: isCelNode(node) ? node : undefined,
  };
}

function unknownName(name: string, offset: number, scope: Scope): TreeProblem {
  const reason = scope.absent.get(name);
  if (reason !== undefined) return { offset, message: `${name} is not known here: ${reason}` };
  const near = nearest(name, scope.variables.keys());
  const known = [...scope.variables.keys()].join(", ");
  return {
    offset,
    message: `${name} is not known here`,
    hint: near === undefined ? `known here: ${known}; texts stand in quotes` : `did you mean "${near}"?`,
  };
}

function unknownField(node: CelNode | undefined, start: number, scope: Scope, source: string): TreeProblem | undefined {
  const access = node ? accessOf(node) : undefined;
  if (!node || !access) return undefined;
  const { left, name } = access;
  // A dotted name is at its end; the library points at its start, or at the dot.
  const end = source.slice(0, node.end).lastIndexOf(name);
  const offset = end >= 0 ? end : start;
  const owner = source.slice(left.start, left.end);
  const reason = scope.absent.get(`${owner}.${name}`);
  if (reason !== undefined) return { offset, message: `${owner}.${name} cannot be read here: ${reason}` };
  const type = scope.table.typeNamed(left.checkedType?.name ?? "dyn");
  const fields = type.kind === "object" ? Object.keys(type.fields) : [];
  const near = nearest(name, fields);
  const list = fields.length > 0 && fields.length <= 12 ? `it has ${fields.join(", ")}` : undefined;
  const hint = near === undefined ? list : `did you mean "${near}"?`;
  return { offset, message: `${owner} has no "${name}"`, ...(hint === undefined ? {} : { hint }) };
}

function unknownCall(summary: string, start: number, node: CelNode | undefined): TreeProblem {
  const match = /'(?:.*\.)?(\w+)\((.*)\)'/.exec(summary);
  const shown = Object.entries(RENAMED).find(([, ours]) => ours === match?.[1])?.[0] ?? match?.[1] ?? "";
  const types = friendlyTypes(match?.[2] ?? "");
  const signatures = OUR_SIGNATURES.filter((signature) => signature.replace(/^.*\./, "").startsWith(`${shown}(`));
  if (signatures.length > 0) {
    return { offset: start, message: `${shown}() does not take (${types})`, hint: `it is ${signatures.join(" or ")}` };
  }
  const near = nearest(shown, FUNCTION_NAMES);
  const known = FUNCTION_NAMES.includes(shown);
  return {
    offset: node?.start ?? start,
    message: known ? `${shown}() does not take (${types})` : `there is no function ${shown}()`,
    ...(near === undefined || known ? {} : { hint: `did you mean ${near}()?` }),
  };
}

const OUR_SIGNATURES = [...domainFunctions({ duration: () => undefined }).keys()].map((signature) =>
  friendlyTypes(signature.replace("redisha_", "")),
);

const FUNCTION_NAMES = [
  ...OUR_SIGNATURES.map((signature) => signature.replace(/^.*\.(?=\w+\()/, "").replace(/\(.*/, "")),
  ...["all", "exists", "exists_one", "map", "filter", "size", "has", "startsWith", "endsWith", "contains", "matches"],
  ...["string", "int", "double", "bool", "split", "join", "trim", "lowerAscii", "upperAscii", "substring", "indexOf"],
];

function operatorSentence(summary: string): string {
  const parts = /no such overload: (.+) (==|!=|<=|>=|<|>|\+|-|\*|\/|%|in) (.+)$/.exec(summary);
  if (!parts) return friendlyTypes(summary.replace("no such overload: ", "cannot apply "));
  return `cannot apply ${parts[2]} to ${friendlyTypes(parts[1] ?? "")} and ${friendlyTypes(parts[3] ?? "")}`;
}

function nullHint(summary: string): { hint: string } | undefined {
  return /[=] null$|: null /.test(summary) ? { hint: "ask whether it is there with has(a.b)" } : undefined;
}

/** Parts of the expression whose value may be null. */
function nullableNames(tree: CelNode, source: string): string[] {
  const names = new Set<string>();
  walk(tree, (node) => {
    if (accessOf(node) && node.checkedType?.name.startsWith("dyn<")) names.add(source.slice(node.start, node.end));
  });
  return [...names];
}
