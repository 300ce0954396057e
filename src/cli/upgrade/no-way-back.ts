import { formatBytes } from "../../core/units.ts";
import type { Topology } from "../../topology/schema.ts";
import type { PastUpgrade } from "../../use-cases/past-upgrade.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";

/** The refusal of going back, with what a backup from before would cost, and which one it would be. */
export function withWindow(summary: RunSummary, past: PastUpgrade | undefined, { nodes }: Topology): RunSummary {
  const { error } = summary;
  if (!error || past?.committedAt === undefined) return summary;
  const offsets = nodes.flatMap(({ role, offset }) => (role === "primary" && offset !== null ? [offset] : []));
  const written = past.offset === null ? undefined : offsets.reduce((sum, offset) => sum + offset, 0) - past.offset;
  const window = `${written === undefined ? "every write" : `${formatBytes(Math.max(0, written))} of writes`} since ${past.committedAt}`;
  const backup = past.backup ?? "a backup from before that moment (redisha backup list)";
  return {
    ...summary,
    error: {
      ...error,
      state: `nothing was touched; going back by a backup from before the upgrade would lose ${window}`,
      next: [
        `the backup: ${backup}`,
        "look into it first: redisha restore --to-scratch",
        "how it goes: docs/guide/upgrade.md, Going back by a backup",
      ],
    },
  };
}
