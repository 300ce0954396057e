import type { ZodType, z } from "zod";
import type { Problem } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { YamlPath, YamlSource } from "./yaml-source.ts";

export type Issue = z.core.$ZodIssue;
type KnownKeys = Map<readonly string[], readonly string[]>;

/** Worded here, because the file is at hand here. A message that the schema itself gives goes before ours. */
const OURS: ReadonlySet<string | undefined> = new Set([
  "invalid_type",
  "invalid_value",
  "unrecognized_keys",
  "invalid_union",
]);

/**
 * Checks the value at `base` of a file against a zod schema: the parsed data, or every problem with line, column and
 * the nearest right name. `base` is where the value stands in the file; `counts` leaves out issues that are none.
 */
export function checkAgainst<T>(
  schema: ZodType<T>,
  source: YamlSource,
  code: string,
  value: unknown = source.value,
  base: YamlPath = [],
  counts: (issue: Issue) => boolean = () => true,
): { readonly data?: T; readonly problems: readonly Problem[] } {
  // Raw issues know the schema they came from, finished ones do not; the known keys are read off it on the way. The list
  // of unknown keys is the same object in both.
  const knownKeys: KnownKeys = new Map();
  const result = schema.safeParse(value, {
    error: (raw) => {
      if (raw.code === "unrecognized_keys") knownKeys.set(raw.keys, shapeKeys(raw.inst));
      return OURS.has(raw.code) ? "" : undefined;
    },
  });
  if (result.success) return { data: result.data, problems: [] };
  const found = result.error.issues.filter(counts).flatMap((issue) => problemsOf(issue, source, code, base, knownKeys));
  // A misspelt key is one mistake, not a key too many and a key too few.
  const meant = new Set(found.map((each) => each.meant));
  return {
    problems: found.filter(({ missing }) => missing === undefined || !meant.has(missing)).map((each) => each.problem),
  };
}

/** A problem, and the path of the key that is missing, or that a misspelt one was meant to be. */
interface Found {
  readonly problem: Problem;
  readonly missing?: string;
  readonly meant?: string;
}

function problemsOf(issue: Issue, source: YamlSource, code: string, base: YamlPath, knownKeys: KnownKeys): Found[] {
  const path = [...base, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys.get(issue.keys) ?? [];
    return issue.keys.map((key) => {
      const hint = cutExpression(source, path, key) ?? didYouMean(key, known);
      const position = source.position([...path, key], "key");
      const problem = { code, message: `unknown key "${key}"`, position, ...(hint ? { hint } : {}) };
      return { problem, meant: idOf([...path, nearest(key, known) ?? key]) };
    });
  }
  if (issue.code === "invalid_union") {
    const best = closestBranch(issue.errors, source.kindAt(path));
    // A union that says itself what it wants knows more than any one branch, unless a branch was plainly meant.
    if (best && (issue.message === "" || best.some(isInside))) {
      return best.flatMap((inner) => problemsOf(inner, source, code, path, knownKeys));
    }
  }
  if (issue.code === "invalid_key") {
    const message = `${nameOf(path)}: ${issue.issues[0]?.message || "not a possible key"}`;
    return [{ problem: { code, message, position: source.position(path, "key") } }];
  }
  const missing = !source.has(path);
  const name = nameOf(path);
  if (missing && issue.code !== "custom") {
    const position = source.position(path.slice(0, -1), "key");
    return [{ problem: { code, message: `"${name}" is missing`, position }, missing: idOf(path) }];
  }
  const hint = hintFor(issue, source, path);
  const message = path.length === 0 ? messageFor(issue) : `${name}: ${messageFor(issue)}`;
  return [{ problem: { code, message, position: source.position(path), ...(hint ? { hint } : {}) } }];
}

function idOf(path: YamlPath): string {
  return path.map(String).join("\0");
}

/** `port`; `on[0]` for an item of a list. */
function nameOf(path: YamlPath): string {
  const last = path.at(-1) ?? "the file";
  return typeof last === "number" ? `${String(path.at(-2) ?? "item")}[${last}]` : String(last);
}

function isInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === "unrecognized_keys";
}

/** Redis' older words for what is called otherwise here. */
const RENAMED: Readonly<Record<string, string>> = { master: "primary", slave: "replica" };

function messageFor(issue: Issue): string {
  if (issue.message !== "") return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  switch (issue.code) {
    case "invalid_type":
      return `expected ${article(issue.expected)}`;
    case "invalid_value":
      return `expected ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    default:
      return "none of the allowed forms fits";
  }
}

function hintFor(issue: Issue, source: YamlSource, path: YamlPath): string | undefined {
  if (issue.message !== "") return undefined;
  const written = source.scalar(path);
  if (issue.code === "invalid_value" && written) {
    const values = issue.values.map(String);
    const renamed = RENAMED[written.source];
    const near = renamed !== undefined && values.includes(renamed) ? renamed : nearest(written.source, values);
    return near === undefined ? undefined : `did you mean "${near}"?`;
  }
  if (issue.code === "invalid_type" && issue.expected === "string" && written?.source && !written.quoted) {
    return `quote it: "${written.source}"`;
  }
  return undefined;
}

/** `{ expr: f(a, b) }` is cut at its comma without a word from YAML: the rest turns up as a key. */
function cutExpression(source: YamlSource, path: YamlPath, key: string): string | undefined {
  if (!source.isFlow(path) || !/[()[\]"'=<>&|]/.test(key)) return undefined;
  return `inside { } a comma ends a value; quote the expression, or write it on a line of its own`;
}

function didYouMean(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length > 0 && known.length <= 12 ? `known here: ${known.join(", ")}` : undefined;
}

/** Of a union's branches, the one whose complaint is deepest, that is: the one that was meant. */
function closestBranch(branches: readonly (readonly Issue[])[], kind: string): readonly Issue[] | undefined {
  const isOther = (issue: Issue) =>
    issue.path.length === 0 && (issue.code === "invalid_type" || (issue.code === "invalid_value" && kind !== "scalar"));
  const fitting = branches.filter((issues) => !issues.some(isOther));
  const scalarOnly = kind === "scalar" && fitting.length > 1 ? undefined : fitting;
  return scalarOnly?.toSorted((a, b) => a.length - b.length)[0];
}

function shapeKeys(inst: unknown): readonly string[] {
  const shape = (inst as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape;
  return shape ? Object.keys(shape) : [];
}

function article(expected: string): string {
  const word: Readonly<Record<string, string>> = {
    object: "a map",
    record: "a map",
    array: "a list",
    boolean: "true or false",
    int: "a whole number",
  };
  return word[expected] ?? `a ${expected}`;
}
