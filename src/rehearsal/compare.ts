import { isDeepStrictEqual } from "node:util";
import type { Certainty, Plan } from "../engine/plan.ts";
import type { Observed, SeenOp } from "./observed.ts";
import { stepOf } from "./read-tests.ts";
import { means, plainPath } from "./step-names.ts";
import type { Expected } from "./test-schema.ts";
import type { World } from "./world.ts";

/** One thing that is not as expected, as lines to be laid side by side. */
export interface Difference {
  readonly what: string;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
}

/** How a rehearsed run ended. */
export interface Played {
  readonly status: string;
  readonly exit: number;
  readonly error: string | null;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly seen: Observed;
  readonly plan: Plan | undefined;
  readonly world: World;
}

/** Everything that a case expected and that did not come so. */
export function differences(expected: Expected, played: Played): Difference[] {
  const { seen, world } = played;
  const undone = seen.undone.map((op) => ({ ...op, step: op.step.replace(/ \(undo\)$/, "") }));
  const found = [
    single("status", expected.status, played.status),
    single("exit", expected.exit, played.exit),
    single("error", expected.error, played.error),
    expected.sequence && ops("sequence", expected.sequence, seen.started, isNamedOrChanges(expected.sequence)),
    expected.skipped && ops("skipped", expected.skipped, seen.skipped),
    expected.undone && ops("undone", expected.undone, undone),
    expected.plan && planned(expected.plan, played.plan),
    ...fields("outputs", expected.outputs ?? {}, played.outputs),
    ...fields("keys", expected.keys ?? {}, world.state.keys),
    ...topology(expected.topology ?? {}, world),
  ];
  return found.filter((each) => each !== undefined);
}

function single(what: string, expected: unknown, actual: unknown): Difference | undefined {
  if (expected === undefined || isDeepStrictEqual(expected, actual)) return undefined;
  return { what, expected: [text(expected)], actual: [text(actual)] };
}

/** Reads are only compared where the case names them. */
function isNamedOrChanges(expected: readonly string[]): (op: SeenOp) => boolean {
  return ({ step, changes }) => changes || expected.some((line) => means(stepOf(line), step));
}

/** Compares ops in order; what was seen is written as it was expected where it is what was expected. */
function ops(
  what: string,
  expected: readonly string[],
  seen: readonly SeenOp[],
  counts: (op: SeenOp) => boolean = () => true,
): Difference | undefined {
  const actual = seen
    .filter(counts)
    .map((op) => expected.find((line) => isMeant(line, op)) ?? `${op.step}@${op.target}`);
  return isDeepStrictEqual(actual, expected) ? undefined : { what, expected, actual };
}

function isMeant(line: string, { step, target }: SeenOp): boolean {
  const [name = "", at] = line.split("@", 2);
  return means(name, step) && (at === undefined || at === target || target.startsWith(`${at}:`));
}

function planned(expected: NonNullable<Expected["plan"]>, plan: Plan | undefined): Difference | undefined {
  const wanted = expected.flatMap((line) => Object.entries(line));
  const lines = (plan?.steps ?? []).flatMap(({ step, certainty, skipped }) => {
    const [name] = wanted.find(([each]) => means(each, plainPath(step))) ?? [];
    return name === undefined ? [] : [`${name}: ${skipped ? `skipped (${skipped})` : certaintyText(certainty)}`];
  });
  // A step inside a block is planned once per target; it counts once where all its lines are the same.
  const actual = lines.filter((line, index) => line !== lines[index - 1]);
  const due = wanted.map(([name, certainty]) => `${name}: ${certainty}`);
  return isDeepStrictEqual(actual, due) ? undefined : { what: "plan", expected: due, actual };
}

function certaintyText(certainty: Certainty): string {
  if (certainty.kind === "conditional") return `conditional on ${certainty.on}`;
  return certainty.kind === "known_after" ? `known after ${certainty.step}` : certainty.kind;
}

function fields(
  what: string,
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): (Difference | undefined)[] {
  return Object.entries(expected).map(([name, value]) => single(`${what}.${name}`, value, actual[name] ?? null));
}

function topology(expected: NonNullable<Expected["topology"]>, { state }: World): (Difference | undefined)[] {
  const nodes = [...state.topology.nodes, ...state.topology.sentinels];
  return Object.entries(expected).flatMap(([id, wanted]) =>
    fields(id, wanted, { ...nodes.find((node) => node.id === id) }),
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
