import type { Plan, PlannedCommand, PlannedOp, PlannedStep } from "../../engine/plan.ts";
import { plural } from "../output/format.ts";
import { oneLine, wrap } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

/**
 * The plan as an operator reads it: every step in order, how sure it is, on which hosts, with the exact commands. What is
 * printed is what runs; nothing is shortened.
 */
export function renderPlan(plan: Plan, options: { theme: Theme; width: number }): string {
  const { theme } = options;
  const { runbook } = plan;
  const lines = [
    `${theme.strong(`Plan of ${runbook.name} ${runbook.version}`)} on ${plan.deployment}  ${theme.dim(`${runbook.origin} ${runbook.digest.replace(/^sha256:/, "").slice(0, 12)}  ${plan.created_at}`)}`,
  ];
  for (const [index, step] of plan.steps.entries()) lines.push("", ...stepLines(step, index + 1, options));
  lines.push("", summary(plan, theme));
  return `${lines.join("\n")}\n`;
}

function stepLines(step: PlannedStep, number: number, options: { theme: Theme; width: number }): string[] {
  const { theme, width } = options;
  const indent = "  ".repeat(step.depth);
  const lead = `${indent}${String(number).padStart(2)}. `;
  const lines = [wrap(`${step.name} ${theme.dim(`[${step.step}]`)}`, width, lead, " ".repeat(lead.length))];
  const inner = " ".repeat(lead.length);
  lines.push(`${inner}${effectText(step, theme)}  ${certaintyText(step, theme)}`);
  for (const line of step.note?.split("\n") ?? []) lines.push(wrap(oneLine(line), width, inner));
  if (step.skipped) return lines;
  if (step.live) lines.push(`${inner}${theme.dim("targets are looked up again when the step starts")}`);
  if (step.point_of_no_return !== undefined) lines.push(...noReturnLines(step.point_of_no_return, options));
  for (const [index, batch] of step.batches.entries()) {
    if (step.batches.length > 1) lines.push(`${inner}${theme.dim(`batch ${index + 1} of ${step.batches.length}`)}`);
    for (const op of batch) lines.push(...opLines(op, inner, theme));
    const health = step.health?.[index];
    if (health !== undefined) lines.push(wrap(theme.dim(health), width, inner));
  }
  return lines;
}

/** The commands, and below them what takes them back. */
function opLines(op: PlannedOp, indent: string, theme: Theme): string[] {
  if (op.commands.length === 0) return [`${indent}${op.target}`];
  const lines = op.commands.map((command) => `${indent}${op.target}  ${prompt(command)}${oneLine(command.text)}`);
  if (op.undo === null) return lines;
  const under = `${indent}${" ".repeat(op.target.length)}  ${theme.symbols.undo} `;
  if (op.undo === "none") return [...lines, `${under}${theme.warn("stays: it is not taken back")}`];
  return [...lines, ...op.undo.map((command) => `${under}${theme.dim(`${prompt(command)}${oneLine(command.text)}`)}`)];
}

/** The line across the plan behind which there is no way back. */
function noReturnLines(noReturn: true | string | false, { theme, width }: { theme: Theme; width: number }): string[] {
  const when = typeof noReturn === "string" ? ` if ${oneLine(noReturn)}` : "";
  const text = ` point of no return${when} `;
  return [
    theme.bad(theme.symbols.line.repeat(3) + text + theme.symbols.line.repeat(Math.max(3, width - text.length - 3))),
  ];
}

/** What kind of command it is, by the prompt that an operator would see. */
function prompt(command: PlannedCommand): string {
  if (command.transport === "redis") return "redis> ";
  if (command.transport === "upload") return "write ";
  return command.transport === "controller" ? "here: " : "$ ";
}

function effectText(step: PlannedStep, theme: Theme): string {
  if (step.effect === "read") return theme.dim("read");
  return step.effect === "change" ? theme.warn("change") : theme.bad(step.effect);
}

function certaintyText(step: PlannedStep, theme: Theme): string {
  if (step.skipped === "condition") return theme.dim("skipped: its condition does not hold");
  if (step.skipped === "done") return theme.dim("skipped: done already");
  const { certainty } = step;
  if (isForNobody(step)) return theme.dim("for nobody, as things are now");
  if (certainty.kind === "exact") return "exact";
  if (certainty.kind === "conditional") return `conditional on ${oneLine(certainty.on)}`;
  return `known after ${certainty.step}`;
}

function summary(plan: Plan, theme: Theme): string {
  if (plan.stops_at !== undefined)
    return theme.bad(`As things are now it would stop at ${plan.stops_at}, and change nothing behind it.`);
  const running = plan.steps.filter((step) => !step.skipped && !isForNobody(step));
  const changing = running.filter((step) => step.effect !== "read");
  const targets = new Set(changing.flatMap((step) => step.batches.flat().map((op) => op.target)));
  if (changing.length === 0) return `${plural(running.length, "step")}, all of them reads: nothing would be changed.`;
  return `${plural(running.length, "step")}, ${theme.warn(`${changing.length} of them change something`)}, on ${plural(targets.size, "target")}.`;
}

/** Steps that hold others have no targets of their own in a plan. */
function isForNobody({ action, certainty, batches }: PlannedStep): boolean {
  return certainty.kind === "exact" && batches.length === 0 && action !== "block" && action !== "runbook";
}
