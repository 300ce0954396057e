import Table from "cli-table3";
import { displayWidth, truncate, truncateMiddle } from "./text.ts";
import type { Paint, Theme } from "./theme.ts";

export interface Column {
  readonly header: string;
  readonly align?: "left" | "right";
  /** May be cut down to this many columns, with an ellipsis; columns without it keep their content whole. */
  readonly shrinkTo?: number;
  /** Where it is cut; `middle` keeps the port of a long host name. Default `end`. */
  readonly cut?: "end" | "middle";
  /** Left out first (1), second (2)… where even the shortened columns do not fit. Columns without it always stay. */
  readonly dropOrder?: number;
}

export type Cell = string | { readonly text: string; readonly paint: Paint };

const GAP = 2;

const NO_BORDER = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "middle"].flatMap((side) =>
    [side, `${side}-left`, `${side}-mid`, `${side}-right`].map((name) => [name, ""]),
  ),
);

/**
 * Aligned columns without borders, never wider than `width` (in columns): wide cells are cut, then whole columns are
 * left out. A row is always one line. Undefined `width` means that nothing is cut: for pipes and `--wide`.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: { width?: number; theme: Theme; indent?: number; header?: boolean },
): string {
  const { theme, indent = 0, header = true } = options;
  const kept = fitColumns(columns, rows, options.width === undefined ? undefined : options.width - indent, header);
  const table = new Table({
    chars: { ...NO_BORDER, middle: " ".repeat(GAP) },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colWidths: kept.map((column) => column.width),
    colAligns: kept.map((column) => columns[column.index]?.align ?? "left"),
    truncate: theme.symbols.ellipsis,
  });
  if (header)
    table.push(
      kept.map((column) =>
        theme.dim(truncate(columns[column.index]?.header ?? "", column.width, theme.symbols.ellipsis)),
      ),
    );
  for (const row of rows)
    table.push(kept.map((column) => painted(row[column.index] ?? "", column.width, columns[column.index]?.cut, theme)));
  return table
    .toString()
    .split("\n")
    .map((line) => " ".repeat(indent) + line.trimEnd())
    .join("\n");
}

interface Fitted {
  readonly index: number;
  width: number;
}

function fitColumns(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | undefined,
  header: boolean,
): Fitted[] {
  const kept: Fitted[] = columns.map((column, index) => ({
    index,
    width: Math.max(
      1,
      header ? displayWidth(column.header) : 0,
      ...rows.map((row) => displayWidth(textOf(row[index] ?? ""))),
    ),
  }));
  if (width === undefined) return kept;
  for (;;) {
    shrink(kept, columns, width);
    if (total(kept) <= width) return kept;
    const leaving = kept
      .filter((column) => columns[column.index]?.dropOrder !== undefined)
      .sort((a, b) => (columns[a.index]?.dropOrder ?? 0) - (columns[b.index]?.dropOrder ?? 0))[0];
    if (leaving === undefined) return kept;
    kept.splice(kept.indexOf(leaving), 1);
  }
}

/** Takes from the widest column that may give, one at a time, so that columns end up evenly wide. */
function shrink(kept: Fitted[], columns: readonly Column[], width: number): void {
  for (let over = total(kept) - width; over > 0; over -= 1) {
    const giving = kept
      .filter((column) => column.width > (columns[column.index]?.shrinkTo ?? Number.POSITIVE_INFINITY))
      .sort((a, b) => b.width - a.width)[0];
    if (giving === undefined) return;
    giving.width -= 1;
  }
}

function total(kept: readonly Fitted[]): number {
  return kept.reduce((sum, column) => sum + column.width, 0) + GAP * Math.max(0, kept.length - 1);
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function painted(cell: Cell, width: number, where: Column["cut"], theme: Theme): string {
  const { ellipsis } = theme.symbols;
  const whole = textOf(cell);
  const text = where === "middle" ? truncateMiddle(whole, width, ellipsis) : truncate(whole, width, ellipsis);
  return typeof cell === "string" ? text : cell.paint(text);
}
