import type { Phase } from "../../drill/report-schema.ts";
import { seconds } from "./words.ts";

export interface PlacedLabel {
  readonly x: number;
  /** Counted from the top. */
  readonly row: number;
  readonly text: string;
  /** `end`: the text stands left of its line, for want of room. */
  readonly anchor: "start" | "end";
}

/** Width of a character of labels, in the units of the drawing: an upper bound for 11 units of a system font. */
const CHARACTER = 5.9;
const GAP = 10;

/**
 * Rows for the labels of vertical lines, such that no label lies on another and no line runs through a label: each stands
 * lower than all those before it whose text reaches over its line.
 */
export function placeLabels(phases: readonly Phase[], x: (ms: number) => number, right: number): PlacedLabel[] {
  const placed: (PlacedLabel & { readonly reaches: number })[] = [];
  for (const { label, after_ms } of [...phases].sort((a, b) => a.after_ms - b.after_ms)) {
    const text = `${seconds(after_ms)} ${label}`;
    const at = x(after_ms);
    const width = text.length * CHARACTER + GAP;
    const fits = at + width <= right;
    // A text that stands left of its line may reach over any line before it, so it goes below all of them.
    const above = fits ? placed.filter(({ reaches }) => reaches > at) : placed;
    const row = above.reduce((lowest, each) => Math.max(lowest, each.row + 1), 0);
    placed.push({ x: at, row, text, anchor: fits ? "start" : "end", reaches: fits ? at + width : at + 1 });
  }
  return placed.map(({ reaches: _, ...label }) => label);
}
