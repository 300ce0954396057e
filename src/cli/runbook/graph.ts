import type { Runbook, Step, Targets } from "../../runbook/model.ts";
import { oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

/** A step as the graph draws it: plain data, without the compiled expressions. */
interface GraphNode {
  readonly step: string;
  readonly name: string;
  readonly action: string;
  readonly effect: string;
  readonly targets: string | null;
  readonly when: string | null;
  readonly parts: readonly GraphPart[];
}

/** The steps inside a block or a sub-runbook, by when they run. */
export interface GraphPart {
  readonly kind: "steps" | "rescue" | "always" | "finally";
  readonly steps: readonly GraphNode[];
}

/** What runs when, in the order of the file. */
export function graphOf(runbook: Runbook): GraphPart[] {
  return filled([
    { kind: "steps", steps: runbook.steps.map(nodeOf) },
    { kind: "finally", steps: runbook.finally.map(nodeOf) },
  ]);
}

function nodeOf(step: Step): GraphNode {
  return {
    step: step.id,
    name: step.name ?? step.id,
    action: step.action,
    effect: step.effect,
    targets: step.targets ? targetsText(step.targets) : null,
    when: step.when?.source ?? null,
    parts: partsOf(step),
  };
}

function partsOf(step: Step): GraphPart[] {
  if (step.runbook) return graphOf(step.runbook.compiled);
  if (!step.block) return [];
  const { steps, rescue, always } = step.block;
  return filled([
    { kind: "steps", steps: steps.map(nodeOf) },
    { kind: "rescue", steps: rescue.map(nodeOf) },
    { kind: "always", steps: always.map(nodeOf) },
  ]);
}

function filled(parts: readonly GraphPart[]): GraphPart[] {
  return parts.filter((part) => part.steps.length > 0);
}

function targetsText(targets: Targets): string {
  const parts: string[] = [targets.role];
  if (targets.hosts) parts.push(`on ${targets.hosts.join(", ")}`);
  if (targets.where) parts.push(`where ${targets.where.source}`);
  if (targets.limit !== undefined) parts.push(`at most ${targets.limit}`);
  return parts.join(" ");
}

const PART_WORD: Readonly<Record<GraphPart["kind"], string>> = {
  steps: "",
  rescue: "when one fails:",
  always: "however it ends:",
  finally: "at the end, however it ended:",
};

/** The graph as an indented tree. */
export function renderGraph(parts: readonly GraphPart[], theme: Theme, indent = ""): string {
  const lines = parts.flatMap((part) => {
    const word = PART_WORD[part.kind];
    const steps = part.steps.flatMap((node, index) => nodeLines(node, theme, indent, index === part.steps.length - 1));
    return word ? [`${indent}${theme.dim(word)}`, ...steps] : steps;
  });
  return lines.join("\n");
}

function nodeLines(node: GraphNode, theme: Theme, indent: string, last: boolean): string[] {
  const { branch, lastBranch, trunk } = theme.symbols;
  const effect = node.effect === "read" ? theme.dim(node.effect) : theme.warn(node.effect);
  const facts = [node.action, effect, ...(node.targets ? [node.targets] : [])].join("  ");
  const below = indent + (last ? " ".repeat(trunk.length) : trunk);
  return [
    `${indent}${last ? lastBranch : branch}${theme.strong(node.step)}  ${facts}`,
    ...(node.name === node.step ? [] : [`${below}${theme.dim(oneLine(node.name))}`]),
    ...(node.when ? [`${below}${theme.dim(`when ${oneLine(node.when)}`)}`] : []),
    ...(node.parts.length > 0 ? [renderGraph(node.parts, theme, below)] : []),
  ];
}

/** The same for Mermaid: parts are boxes, arrows follow the order. */
export function mermaid(parts: readonly GraphPart[]): string {
  const lines = ["flowchart TD"];
  let count = 0;
  const draw = (some: readonly GraphPart[], indent: string): string[] =>
    some.flatMap((part) => {
      const ids: string[] = [];
      for (const node of part.steps) {
        count += 1;
        const id = `s${count}`;
        const label = `${node.step}<br/>${node.action}`.replaceAll('"', "'");
        if (node.parts.length === 0) lines.push(`${indent}${id}["${label}"]`);
        else {
          lines.push(`${indent}subgraph ${id}["${label}"]`);
          draw(node.parts, `${indent}  `);
          lines.push(`${indent}end`);
        }
        const before = ids.at(-1);
        const arrow = node.when ? `-- "when ${oneLine(node.when).replaceAll('"', "'")}" -->` : "-->";
        if (before) lines.push(`${indent}${before} ${arrow} ${id}`);
        ids.push(id);
      }
      return ids;
    });
  const ends = parts.map((part) => draw([part], "  "));
  const last = ends[0]?.at(-1);
  const first = ends[1]?.[0];
  if (last && first) lines.push(`  ${last} -. finally .-> ${first}`);
  return lines.join("\n");
}
