import type { Problem } from "../core/errors.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";
import type { ActionCatalog } from "./action-spec.ts";
import { compileExpression, type ExpressionSite, type TypedExpression } from "./expression.ts";
import type { Runbook } from "./model.ts";
import type { Problems } from "./problems.ts";
import type { RawHead } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** Text of a runbook, and where it came from. */
export interface RunbookSource {
  readonly text: string;
  readonly path: string;
  readonly origin: Runbook["source"]["origin"];
}

/** Finds the runbook behind `builtin:NAME` or a path, as seen from the one that names it. */
export type ResolveRunbook = (ref: string) => RunbookSource | undefined;

/** One runbook file on its way through the compiler. */
export interface Unit {
  readonly source: YamlSource;
  readonly head: RawHead;
  readonly catalog: ActionCatalog;
  readonly problems: Problems;
  /** Compiles a runbook that this one calls. */
  callee(ref: string): { readonly runbook?: Runbook; readonly problem?: Omit<Problem, "position"> };
}

/** Compiles the expression that stands at `path`; `true` and `false` of YAML are conditions too. */
export function expressionAt(
  unit: Unit,
  path: YamlPath,
  value: string | boolean | undefined,
  scope: Scope,
  wanted?: "bool" | "int",
): TypedExpression | undefined {
  if (value === undefined) return undefined;
  return compileExpression(siteOf(unit.source, path, String(value)), scope, unit.problems, wanted);
}

function siteOf(source: YamlSource, path: YamlPath, text: string): ExpressionSite {
  const written = source.scalar(path);
  const comma = source.isFlow(path.slice(0, -1)) && written?.quoted === false && unbalanced(text);
  const cutBy = comma ? "comma" : written?.quoted === false && written.comment !== undefined ? "comment" : undefined;
  return {
    source: text,
    locate: (offset) => source.positionInString(path, offset),
    ...(cutBy ? { cutBy } : {}),
  };
}

function unbalanced(text: string): boolean {
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  return count(/[([{]/g) > count(/[)\]}]/g);
}
