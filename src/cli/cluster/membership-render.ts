import { z } from "zod";
import { EXIT } from "../../core/exit-codes.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import type { Theme } from "../output/theme.ts";
import { renderSummary } from "../render/summary.ts";

const names = z.array(z.string()).catch([]).default([]);

const outputsSchema = z.object({
  homes: z.record(z.string(), z.string()).catch({}).default({}),
  near: names,
  bare: names,
  away: names,
  joined: names,
  left: z
    .union([z.array(z.string()), z.record(z.string(), z.unknown()).transform(Object.keys)])
    .catch([])
    .default([]),
  node_id: z.string().catch("").default(""),
});

/** With what the command ends: members that still know a removed node may bring it back, which is reason enough for a warning. */
export function membershipExit({ exit, outputs }: RunSummary): RunSummary["exit"] {
  return exit === EXIT.done && outputsSchema.parse(outputs).away.length > 0 ? EXIT.warnings : exit;
}

/** What became of the nodes of a cluster, and what is left for the operator to do. */
export function renderMembership(summary: RunSummary, theme: Theme): string {
  const { homes, joined, near, bare, away, left, node_id: nodeId } = outputsSchema.parse(summary.outputs);
  const lines = [renderSummary({ ...summary, outputs: {} }, theme)];
  if (summary.status !== "done") return lines.join("\n");
  const warn = (text: string) => lines.push(theme.warn(`  ${theme.symbols.warn} ${text}`));
  for (const id of joined) lines.push(`  ${theme.strong(id)} is a primary`);
  for (const [id, of] of Object.entries(homes)) lines.push(`  ${theme.strong(id)} is a replica of ${of}`);
  for (const text of near) warn(text);
  for (const id of bare) warn(`${id} has no replica now`);
  for (const id of left) lines.push(`  ${theme.strong(id)} knows nobody any more: take it out of redisha.yaml`);
  if (away.length > 0) {
    warn(`${away.join(", ")} could not be told, and would bring it back; when they answer:`);
    lines.push(`    redisha cluster forget ${nodeId}`);
  }
  return lines.join("\n");
}
