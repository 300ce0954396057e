import { accessOf, type CelNode, walk } from "./cel-ast.ts";
import type { Scope } from "./scope.ts";

/** What redisha.yaml says: known before anybody was looked at, and however the deployment is by then. */
const DECLARED: Readonly<Record<string, readonly string[]>> = {
  host: ["id"],
  topo: ["kind", "master_name", "declared_quorum"],
};

/** The roots an expression reads: `topo`, `host`, `inputs.soak`, `vars.from`, `steps.fence`. Sorted, each once. */
export function readsOf(tree: CelNode, scope: Scope): readonly string[] {
  const reads = new Set<string>();
  const named = new Set<CelNode>();
  walk(tree, (node, bound) => {
    const access = accessOf(node);
    if (access?.left.op === "id" && isRoot(access.left, bound, scope)) {
      const root = String(access.left.args);
      if (root === "steps" || root === "inputs" || root === "vars" || root === "secrets") {
        reads.add(`${root}.${access.name}`);
        named.add(access.left);
      }
      if (DECLARED[root]?.includes(access.name)) named.add(access.left);
    }
    if (node.op === "id" && !named.has(node) && isRoot(node, bound, scope)) reads.add(String(node.args));
  });
  return [...reads].sort();
}

function isRoot(node: CelNode, bound: ReadonlySet<string>, scope: Scope): boolean {
  const name = String(node.args);
  return !bound.has(name) && scope.variables.has(name);
}
