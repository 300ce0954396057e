import { formatDuration } from "../../core/units.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { plural } from "../output/format.ts";
import type { Theme } from "../output/theme.ts";
import { renderSummary } from "../render/summary.ts";
import type { SwitchoverResult } from "./result.ts";

/** What a switchover came to: who is the primary now, what it cost. */
export function renderSwitchover(summary: RunSummary, result: SwitchoverResult, theme: Theme): string {
  const lines = [renderSummary({ ...summary, outputs: {} }, theme)];
  for (const { from, to } of result.moved) lines.push(`  ${theme.strong(to)} is the primary, ${from} its replica`);
  if (result.status === "done" && result.method === "none") lines.push("  there was no primary to move");
  const { acked_writes: acked, lost_writes: lost, write_gap_ms: gap } = result;
  if (acked !== null && lost !== null) {
    const kept = lost === 0 ? theme.good("none lost") : theme.bad(`${lost} LOST`);
    lines.push(`  ${plural(acked, "write")} acknowledged meanwhile, ${kept}`);
  }
  if (gap !== null) lines.push(`  writes stood still for ${formatDuration(gap)}`);
  return lines.join("\n");
}
