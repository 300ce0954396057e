import { type FilePosition, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { type CelNode, callOf, isCelNode, literalString, walk } from "./cel-ast.ts";
import { checkTree, renameCalls } from "./cel-check.ts";
import { explainStatic, explainThrown } from "./cel-explain.ts";
import { literalArgumentProblem } from "./cel-functions.ts";
import type { CelType } from "./cel-type.ts";
import { fromCel } from "./cel-values.ts";
import { friendlyTypes } from "./cel-words.ts";
import type { EvalContext, Expression } from "./model.ts";
import type { ProblemCode, Problems } from "./problems.ts";
import { readsOf } from "./reads.ts";
import type { Scope } from "./scope.ts";

/** The text of an expression, and where each of its characters stands in the file. */
export interface ExpressionSite {
  readonly source: string;
  locate(offset: number): FilePosition;
  /** What the file says right after the expression, where YAML may have cut it off. */
  readonly cutBy?: "comment" | "comma";
}

/** A compiled expression with its type as the language knows it. */
export interface TypedExpression extends Expression {
  readonly celType: CelType;
}

/** Values that stand for the same thing for as long as they live, and are worth converting once. */
const SHARED = new Set(["topo", "host"]);

/**
 * Parses and type-checks a CEL expression. What is wrong goes to `problems` with the position of the part at fault;
 * undefined then. `wanted` is the kind it must have, checked as far as it is known before the run.
 */
export function compileExpression(
  site: ExpressionSite,
  scope: Scope,
  problems: Problems,
  wanted?: "bool" | "int",
): TypedExpression | undefined {
  const report = (offset: number, message: string, hint?: string, code: ProblemCode = "RUNBOOK_EXPRESSION") =>
    problems.add(code, site.locate(offset), message, hint);
  if (site.source.trim() === "") {
    report(0, "the expression is empty", `a value that starts with ! or # must be quoted`);
    return undefined;
  }
  const parsed = parse(site, scope, report);
  if (!parsed) return undefined;
  const tree: unknown = parsed.ast;
  if (!isCelNode(tree)) return undefined;
  checkCalls(tree, report);
  renameCalls(tree);
  const checked = parsed.check();
  if (!checked.valid) {
    const { offset, message, hint } = explainStatic(checked.error, scope, site.source);
    report(offset, message, hint);
    return undefined;
  }
  for (const { offset, message, hint } of checkTree(tree, scope, site.source)) report(offset, message, hint);
  const type = checked.type ?? "dyn";
  if (wanted && ![wanted, `dyn<${wanted}>`, "dyn"].includes(type)) {
    report(
      0,
      `expected ${wanted === "bool" ? "a condition (true or false)" : "a whole number"}, this is ${friendly(type)}`,
    );
    return undefined;
  }
  return {
    source: site.source,
    position: site.locate(0),
    type,
    celType: scope.table.typeNamed(type),
    reads: readsOf(tree, scope),
    evaluate: (context) => evaluate(parsed, tree, site, scope, context, wanted),
  };
}

type Parsed = ReturnType<Scope["environment"]["parse"]>;
type Report = (offset: number, message: string, hint?: string) => void;

function parse(site: ExpressionSite, scope: Scope, report: Report): Parsed | undefined {
  const { environment } = scope;
  try {
    return environment.parse(site.source);
  } catch (error) {
    const { offset, message, hint } = explainStatic(error, scope, site.source);
    report(offset, message, cutHint(site) ?? hint);
    return undefined;
  }
}

function cutHint(site: ExpressionSite): string | undefined {
  if (site.cutBy === "comment") return `" #" starts a comment in YAML and cuts the expression; quote it`;
  if (site.cutBy === "comma") return "inside { } a comma ends a value; quote the expression";
  return undefined;
}

/** Literal arguments can be judged before the run. */
function checkCalls(tree: CelNode, report: Report): void {
  walk(tree, (node) => {
    const call = callOf(node);
    if (!call || call.receiver) return;
    const problem = literalArgumentProblem(call.name, call.args.map(literalString));
    if (problem !== undefined) report(call.args[0]?.start ?? node.start, problem);
  });
}

function evaluate(
  parsed: Parsed,
  tree: CelNode,
  site: ExpressionSite,
  scope: Scope,
  context: EvalContext,
  wanted: "bool" | "int" | undefined,
): unknown {
  const given = new Map<string, unknown>(Object.entries(context));
  const values: Record<string, unknown> = {};
  for (const [name, type] of scope.variables) {
    const value = scope.table.value(given.get(name), type, SHARED.has(name));
    if (value !== undefined) values[name] = value;
  }
  let result: unknown;
  try {
    result = fromCel(parsed(values));
  } catch (error) {
    const { offset, message, unknown } = explainThrown(error, tree, site.source);
    throw expressionError(site, offset, message, unknown);
  }
  if (wanted === "bool" && typeof result !== "boolean") {
    throw expressionError(
      site,
      0,
      `\`${site.source}\` gave ${JSON.stringify(result)} instead of true or false`,
      result === null,
    );
  }
  return result;
}

/**
 * `RUNBOOK_VALUE_UNKNOWN` where a value is null or not there (yet): a wait may go on. `RUNBOOK_EXPRESSION` for the rest.
 */
function expressionError(site: ExpressionSite, offset: number, message: string, unknown: boolean): RedishaError {
  return new RedishaError({
    code: unknown ? "RUNBOOK_VALUE_UNKNOWN" : "RUNBOOK_EXPRESSION",
    message,
    exit: EXIT.failedSafe,
    position: site.locate(offset),
  });
}

function friendly(type: string): string {
  return type === "string" ? "a text" : friendlyTypes(type);
}
