import { formatDuration } from "../core/units.ts";
import { describeInput } from "./inputs.ts";
import type { Rollout, Runbook, Step, Targets, Undo } from "./model.ts";

/** What a runbook does, as Markdown for people: needs, inputs, every step with its conditions, undo and what may go wrong. */
export function describe(runbook: Runbook): string {
  return `${[
    `# ${runbook.name} ${runbook.version}`,
    ...(runbook.description ? ["", runbook.description] : []),
    "",
    ...requirements(runbook),
    ...inputs(runbook),
    ...secrets(runbook),
    ...vars(runbook),
    ...invariants(runbook),
    "## Steps",
    "",
    ...steps(runbook.steps, ""),
    ...section("## In any case, at the end", runbook.finally),
    ...outputs(runbook),
  ].join("\n")}\n`;
}

function requirements({ requires, concurrency, source }: Runbook): string[] {
  const { lock } = concurrency;
  return [
    `- From: ${source.path} (${source.origin})`,
    ...(requires.topology ? [`- For: ${requires.topology.join(", ")}`] : []),
    ...(requires.redis === undefined ? [] : [`- Server: ${requires.redis}`]),
    ...(requires.engine === undefined ? [] : [`- redisha: ${requires.engine}`]),
    ...(requires.answers ? [] : ["- Runs also where no instance answers yet"]),
    `- Lock: ${lock === "none" ? "none, others may run beside it" : `the ${lock === "cluster" ? "deployment" : "hosts"}`}`,
    "",
  ];
}

function inputs(runbook: Runbook): string[] {
  const rows = Object.entries(runbook.inputs).map(([name, spec]) => {
    const fallback = spec.required ? "**required**" : spec.default === undefined ? "" : code(String(spec.default));
    return `| ${code(name)} | ${cell(describeInput(spec))} | ${fallback} | ${cell(spec.description ?? "")} |`;
  });
  if (rows.length === 0) return [];
  return ["## Inputs", "", "| name | what | default | |", "| --- | --- | --- | --- |", ...rows, ""];
}

function secrets(runbook: Runbook): string[] {
  const rows = Object.entries(runbook.secrets).map(
    ([name, { from, value }]) => `- ${code(name)} from ${from} ${value}`,
  );
  return rows.length === 0 ? [] : ["## Secrets", "", ...rows, ""];
}

function vars(runbook: Runbook): string[] {
  const rows = runbook.vars.map(([name, { source }]) => `- ${code(name)} = ${code(source)}`);
  return rows.length === 0 ? [] : ["## Worked out at the start", "", ...rows, ""];
}

function invariants(runbook: Runbook): string[] {
  const rows = runbook.invariants.map(({ id, assert, graceMs, onViolation }) => {
    const grace = graceMs > 0 ? `, for longer than ${formatDuration(graceMs)}` : "";
    return `- **${id}**: ${code(assert.source)}; when it does not hold${grace}: ${onViolation}`;
  });
  return rows.length === 0 ? [] : ["## Holds all the time", "", ...rows, ""];
}

function outputs(runbook: Runbook): string[] {
  const rows = Object.entries(runbook.outputs).map(([name, { source }]) => `- ${code(name)} = ${code(source)}`);
  return rows.length === 0 ? [] : ["## Gives back", "", ...rows, ""];
}

function section(title: string, list: readonly Step[]): string[] {
  return list.length === 0 ? [] : [title, "", ...steps(list, "")];
}

function steps(list: readonly Step[], indent: string): string[] {
  const lines = list.flatMap((step, i) => [
    `${indent}${i + 1}. **${step.name ?? step.id}** — ${code(step.action)}${step.effect === "read" ? "" : `, ${step.effect}`}`,
    ...details(step).map((line) => `${indent}   - ${line}`),
    ...nested(step, `${indent}   `),
  ]);
  return indent === "" ? [...lines, ""] : lines;
}

function nested(step: Step, indent: string): string[] {
  const { block, runbook } = step;
  if (runbook) return [`${indent}- runs ${runbook.compiled.name}:`, ...steps(runbook.compiled.steps, `${indent}  `)];
  if (!block) return [];
  return [
    ...steps(block.steps, indent),
    ...(block.rescue.length > 0 ? [`${indent}- if one of them fails:`, ...steps(block.rescue, `${indent}  `)] : []),
    ...(block.always.length > 0 ? [`${indent}- in any case:`, ...steps(block.always, `${indent}  `)] : []),
  ];
}

function details(step: Step): string[] {
  const { pointOfNoReturn, undo, verify, retry } = step;
  return [
    ...(step.targets ? [targetText(step.targets, step.rollout)] : []),
    ...(step.when ? [`when ${code(step.when.source)}`] : []),
    ...(step.skipIf ? [`done already if ${code(step.skipIf.source)}`] : []),
    ...(step.assertions ?? []).map(({ that, message }) => `${code(that.source)}, else: ${message}`),
    ...(step.until ? [`until ${code(step.until.source)}, for at most ${formatDuration(step.timeoutMs)}`] : []),
    ...(step.failedWhen ? [`failed when ${code(step.failedWhen.source)}`] : []),
    ...(retry.attempts > 1 ? [`up to ${retry.attempts} attempts, ${formatDuration(retry.delayMs)} apart`] : []),
    ...(verify ? [`then ${code(verify.that.source)} must hold within ${formatDuration(verify.withinMs)}`] : []),
    ...(typeof undo === "object" ? [undoText(undo)] : undo === "none" ? ["no undo"] : []),
    ...(step.disarm
      ? [`when it has ended well, what ${step.disarm.map(code).join(", ")} changed stays: its undo is disarmed`]
      : []),
    ...(pointOfNoReturn === true ? ["**point of no return**"] : []),
    ...(typeof pointOfNoReturn === "object" ? [`**point of no return** if ${code(pointOfNoReturn.source)}`] : []),
    ...(step.onFailure === "abort" ? [] : [`on failure: ${step.onFailure}`]),
  ];
}

function undoText({ action, armedMs }: Undo): string {
  const held = armedMs === undefined ? "" : `; the host does it by itself after ${formatDuration(armedMs)} of silence`;
  return `undo: ${code(action)}${held}`;
}

function targetText(targets: Targets, rollout: Rollout): string {
  const sizes = rollout.batches.map((batch) => (typeof batch === "object" ? `${batch.percent}%` : String(batch)));
  const many = targets.limit !== 1 && targets.hosts?.length !== 1;
  return [
    `on ${everyOf(targets)}`,
    ...(targets.hosts ? [`of ${targets.hosts.join(", ")}`] : []),
    ...(targets.where ? [`where ${code(targets.where.source)}`] : []),
    ...(targets.orderBy ? [`by ${code(targets.orderBy.source)}`] : []),
    ...(targets.limit === undefined ? [] : [`at most ${targets.limit}`]),
    ...(many ? [sizes.join() === "all" ? "all at once" : `${sizes.join(", then ")} at a time`] : []),
  ].join(", ");
}

function everyOf({ role, per }: Targets): string {
  if (role === "any") return per === "host" ? "every host" : "every instance";
  const every = `every ${role === "data" ? "data node" : role}`;
  return per === "host" ? `the host of ${every}` : every;
}

function code(text: string): string {
  return `\`${text.replace(/\s+/g, " ").trim()}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
