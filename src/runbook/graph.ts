import type { Runbook, Step } from "./model.ts";

/** The runbook as a Mermaid flow chart: steps in order, blocks and called runbooks as boxes, conditions beside them. */
export function graphOf(runbook: Runbook): string {
  const lines = ["flowchart TD", `  start([${label(escaped(`${runbook.name} ${runbook.version}`))}])`];
  const main = chain(runbook.steps, "", "  ", lines);
  if (main.first !== undefined) lines.push(`  start --> ${main.first}`);
  if (runbook.finally.length > 0) {
    lines.push(`  subgraph finally_all [${label("finally")}]`);
    const last = chain(runbook.finally, "finally_", "    ", lines);
    lines.push("  end");
    lines.push(`  ${main.last ?? "start"} --> ${last.first ?? "finally_all"}`);
  }
  lines.push("  classDef change fill:#fff3cd,stroke:#b58900,color:#333");
  lines.push("  classDef disruptive fill:#ffe0d0,stroke:#cb4b16,color:#333");
  lines.push("  classDef destructive fill:#ffd6d6,stroke:#dc322f,color:#333");
  return `${lines.join("\n")}\n`;
}

/** Draws steps one below the other; gives the first and last back, to be joined to what is around. */
function chain(
  steps: readonly Step[],
  prefix: string,
  indent: string,
  lines: string[],
): { readonly first: string | undefined; readonly last: string | undefined } {
  const ids = steps.map((step) => draw(step, prefix, indent, lines));
  ids.forEach((id, i) => {
    const next = ids[i + 1];
    const noReturn = steps[i]?.pointOfNoReturn !== undefined && steps[i]?.pointOfNoReturn !== false;
    if (next !== undefined)
      lines.push(`${indent}${id} -->${noReturn ? `|${label("point of no return")}|` : ""} ${next}`);
  });
  return { first: ids[0], last: ids.at(-1) };
}

function draw(step: Step, prefix: string, indent: string, lines: string[]): string {
  const id = `${prefix}${step.id}`;
  const text = [step.name ?? step.id, ...notes(step)].map(escaped).join("<br/>");
  const inner = step.block ?? step.runbook?.compiled;
  if (!inner) {
    lines.push(`${indent}${id}[${label(`${text}<br/><i>${step.action}</i>`)}]`);
    if (step.effect !== "read") lines.push(`${indent}class ${id} ${step.effect}`);
    return id;
  }
  lines.push(`${indent}subgraph ${id} [${label(text)}]`);
  // A block that is used twice is drawn twice: its steps need names of their own.
  const nested = `${id}_`;
  const body = chain(inner.steps, nested, `${indent}  `, lines);
  const extras = step.block
    ? [
        ["rescue", step.block.rescue],
        ["always", step.block.always],
      ]
    : [["finally", step.runbook?.compiled.finally ?? []]];
  for (const [word, steps] of extras as [string, readonly Step[]][]) {
    const drawn = chain(steps, `${nested}${word}_`, `${indent}  `, lines);
    if (drawn.first !== undefined && body.last !== undefined) {
      lines.push(`${indent}  ${body.last} -.->|${label(word === "rescue" ? "on failure" : word)}| ${drawn.first}`);
    }
  }
  lines.push(`${indent}end`);
  return id;
}

function notes(step: Step): string[] {
  const { targets } = step;
  return [
    ...(targets ? [`on ${targets.role}${targets.limit === undefined ? "" : `, at most ${targets.limit}`}`] : []),
    ...(step.when ? [`when ${step.when.source}`] : []),
    ...(step.skipIf ? [`unless ${step.skipIf.source}`] : []),
    ...(step.until ? [`until ${step.until.source}`] : []),
  ];
}

function label(text: string): string {
  return `"${text}"`;
}

/** Labels are HTML in quotes to Mermaid, whose own escapes start with #. */
function escaped(text: string): string {
  const codes: Readonly<Record<string, string>> = {
    "&": "#amp;",
    "<": "#lt;",
    ">": "#gt;",
    '"': "#quot;",
    "#": "#35;",
  };
  return text.replace(/[&<>"#]/g, (char) => codes[char] ?? char).replace(/\s+/g, " ");
}
