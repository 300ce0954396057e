/** The little of the library's syntax tree that our own checks need. Read with care: it is not part of its promises. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  /** Set once the tree has been type-checked. */
  readonly checkedType?: { readonly name: string };
}

export function isCelNode(value: unknown): value is CelNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value && "start" in value;
}

/** The nodes right below one. */
function childrenOf(node: CelNode): CelNode[] {
  return flatten(node.args).filter(isCelNode);
}

function flatten(args: unknown): unknown[] {
  return Array.isArray(args) ? args.flatMap(flatten) : [args];
}

/** The text of a string literal. */
export function literalString(node: unknown): string | undefined {
  return isCelNode(node) && node.op === "value" && typeof node.args === "string" ? node.args : undefined;
}

/** `a.b` and `a["b"]`: what is read, and the name read from it. */
export function accessOf(node: CelNode): { readonly left: CelNode; readonly name: string } | undefined {
  if ((node.op !== "." && node.op !== "[]") || !Array.isArray(node.args)) return undefined;
  const [left, right]: unknown[] = node.args;
  const name = typeof right === "string" ? right : literalString(right);
  return isCelNode(left) && name !== undefined ? { left, name } : undefined;
}

/** A call: its name, what it is called on, its arguments. */
export function callOf(
  node: CelNode,
): { readonly name: string; readonly receiver?: CelNode; readonly args: readonly CelNode[] } | undefined {
  if (!Array.isArray(node.args)) return undefined;
  const parts: unknown[] = node.args;
  const [name] = parts;
  if (typeof name !== "string") return undefined;
  if (node.op === "call") return { name, args: flatten(parts[1]).filter(isCelNode) };
  if (node.op !== "rcall" || !isCelNode(parts[1])) return undefined;
  return { name, receiver: parts[1], args: flatten(parts[2]).filter(isCelNode) };
}

/** Comprehensions bind the name of their first argument. */
const BINDING = new Set(["all", "exists", "exists_one", "map", "filter", "bind"]);

function boundName(node: CelNode): string | undefined {
  const call = callOf(node);
  const first = call?.args[0];
  return call?.receiver && BINDING.has(call.name) && first?.op === "id" && typeof first.args === "string"
    ? first.args
    : undefined;
}

/** Walks the tree, parents first; `bound` holds the names that comprehensions around a node gave to their items. */
export function walk(
  node: CelNode,
  visit: (node: CelNode, bound: ReadonlySet<string>) => void,
  bound: ReadonlySet<string> = new Set(),
): void {
  visit(node, bound);
  const name = boundName(node);
  const inner = name === undefined ? bound : new Set([...bound, name]);
  for (const child of childrenOf(node)) walk(child, visit, inner);
}
