import { z } from "zod";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { plural } from "../output/format.ts";
import type { Theme } from "../output/theme.ts";
import { renderSummary } from "../render/summary.ts";

const outputsSchema = z.object({
  slots: z.int().catch(0).default(0),
  mended: z.array(z.string()).catch([]).default([]),
  gathered: z
    .record(
      z.string(),
      z.looseObject({ outputs: z.looseObject({ moved: z.int().default(0), dropped: z.int().default(0) }) }),
    )
    .catch({})
    .default({}),
});

/** The same in few words, of a run that was gone on with. */
export function shownFix({ outputs }: RunSummary): Readonly<Record<string, string>> {
  const { mended } = outputsSchema.parse(outputs);
  return mended.length === 0 ? {} : { mended: mended.join("; ") };
}

/** What a repair came to: every kind of fault with what was done about it. */
export function renderFix(summary: RunSummary, theme: Theme): string {
  const { slots, mended, gathered } = outputsSchema.parse(summary.outputs);
  const lines = [renderSummary({ ...summary, outputs: {} }, theme)];
  if (summary.status === "done" && slots === 0) lines.push("  nothing was wrong with any slot");
  lines.push(...mended.map((text) => `  ${text}`));
  const each = Object.values(gathered).map(({ outputs }) => outputs);
  const moved = each.reduce((sum, outputs) => sum + outputs.moved, 0);
  const dropped = each.reduce((sum, outputs) => sum + outputs.dropped, 0);
  if (moved + dropped > 0) {
    lines.push(
      `  ${plural(moved, "key")} brought to their owners, ${plural(dropped, "copy", "copies")} dropped that they had`,
    );
  }
  return lines.join("\n");
}
