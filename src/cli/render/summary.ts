import { EXIT } from "../../core/exit-codes.ts";
import { formatDuration } from "../../core/units.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { plural } from "../output/format.ts";
import { oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

/** How a run ended, with what it found: the data of the run, for stdout. */
export function renderSummary(summary: RunSummary, theme: Theme): string {
  const { symbols } = theme;
  const look = looks(summary, theme);
  const lines = [
    `${look} ${summary.runbook} on ${summary.deployment} in ${formatDuration(summary.duration_ms)} ${theme.dim(summary.run)}`,
  ];
  if (summary.left_out.length > 0) {
    lines.push(theme.warn(`  ${symbols.warn} left out, since they do not answer: ${summary.left_out.join(", ")}`));
  }
  if (summary.tolerated_failures > 0) {
    const were = summary.tolerated_failures === 1 ? "was" : "were";
    const steps = plural(summary.tolerated_failures, "step");
    lines.push(theme.warn(`  ${symbols.warn} ${steps} failed and ${were} allowed to`));
  }
  const outputs = Object.entries(summary.outputs).filter(([, value]) => isKnown(value));
  const width = Math.max(0, ...outputs.map(([name]) => name.length));
  for (const [name, value] of outputs) {
    lines.push(`  ${name.padEnd(width)}  ${oneLine(shown(value))}`);
  }
  if (summary.rollback) lines.push(...wayBack(summary.rollback));
  if (summary.journal) lines.push(theme.dim(`  journal ${summary.journal}`));
  return lines.join("\n");
}

/** Texts as they are, several of them one behind the other; what has parts as JSON. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  const texts = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
  return texts ? value.join(", ") : JSON.stringify(value);
}

/** A run that was gone on with may have nothing to say of what was measured before: JSON has a null there, a person sees nothing. */
function isKnown(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  return typeof value !== "object" || Array.isArray(value) || Object.values(value).some(isKnown);
}

/** Going back because it was asked for is no failure; a pause waits for somebody; who was refused has broken nothing. */
function looks({ status, exit }: RunSummary, { symbols, good, warn, bad }: Theme): string {
  const word = status === "failed" && exit === EXIT.gateRefused ? "refused" : status.replace("_", " ");
  if (exit === EXIT.done) return good(`${symbols.ok} ${word}`);
  if (status === "done" || status === "paused" || status === "rolled_back") return warn(`${symbols.warn} ${word}`);
  return bad(`${symbols.bad} ${word}`);
}

function wayBack({ undone, kept, left }: NonNullable<RunSummary["rollback"]>): string[] {
  return [
    ...undone.map((name) => `  taken back: ${name}`),
    ...kept.map((name) => `  stands, for its step has no undo: ${name}`),
    ...left.map((name) => `  still to be taken back: ${name}`),
  ];
}
