import { topologySchema } from "../topology/schema.ts";
import { CelTable } from "./cel-table.ts";
import { BOOL, type CelType, celTypeOf, DYN, objectType, STRING } from "./cel-type.ts";
import type { Role } from "./model.ts";
import { Scope } from "./scope.ts";

/** What every expression of a runbook can name, before its own inputs, vars and steps. */

const STATUSES = [
  "planned",
  "skipped_condition",
  "skipped_done",
  "running",
  "ok",
  "changed",
  "failed",
  "in_doubt",
  "cancelled",
];

const RUN = objectType("run", { id: STRING, started_at: STRING });
const CLUSTER = objectType("cluster", {
  name: STRING,
  topology: { kind: "string", values: ["replication", "sentinel", "cluster"] },
  production: BOOL,
});

const NO_STEPS = objectType("steps", {});

/** What all runbooks have in common is worked out once. */
let base: CelTable | undefined;

let topology: CelType | undefined;

function topologyType(): CelType {
  const type = topology ?? celTypeOf(topologySchema, "topo");
  topology = type;
  return type;
}

export function baseScope(): Scope {
  const variables = new Map<string, CelType>([
    ["topo", topologyType()],
    ["cluster", CLUSTER],
    ["run", RUN],
    ["steps", NO_STEPS],
  ]);
  const table = base ?? CelTable.create();
  base = table;
  for (const type of variables.values()) table.nameOf(type);
  const absent = new Map([
    ["host", "the step has no targets, nor has a block around it"],
    ["secrets", "secrets stand only in `with`"],
    ["before", "it is what undo puts back, and stands only in undo"],
    ["result", "it stands only in failed_when, until, verify and outputs"],
    ["item", "a comprehension names its item: list.filter(n, n.up)"],
  ]);
  return Scope.of(table.fork(), variables, absent);
}

let anyInstance: CelType | undefined;

/**
 * The type of `host`: the instance a step works on. Data nodes for data, primary and replica; Sentinels for sentinel; what
 * both have for any.
 */
export function hostType(role: Role): CelType {
  const node = itemOf(topologyType(), "nodes");
  const sentinel = itemOf(topologyType(), "sentinels");
  if (role === "sentinel") return sentinel;
  if (role !== "any") return node;
  const both = anyInstance ?? objectType("instance", common(node, sentinel));
  anyInstance = both;
  return both;
}

function itemOf(type: CelType, field: string): CelType {
  const list = type.kind === "object" ? type.fields[field] : undefined;
  return list?.kind === "list" ? list.of : DYN;
}

function common(a: CelType, b: CelType): Record<string, CelType> {
  if (a.kind !== "object" || b.kind !== "object") return {};
  return Object.fromEntries(
    Object.entries(a.fields).filter(([name, type]) => {
      const other = b.fields[name];
      return other?.kind === type.kind && other.nullable === type.nullable;
    }),
  );
}

/** The type of `steps.<id>`. A fan-out has its outputs under `hosts`, by target. */
export function stepType(id: string, outputs: CelType, fanOut: boolean): CelType {
  const flags = {
    ok: BOOL,
    changed: BOOL,
    failed: BOOL,
    skipped: BOOL,
    status: { kind: "string", values: STATUSES },
  } as const;
  const single = { ...flags, outputs, before: DYN };
  const hosts: CelType = { kind: "map", of: objectType(`steps.${id} of a host`, single) };
  return objectType(`steps.${id}`, fanOut ? { ...flags, hosts } : { ...single, hosts });
}
