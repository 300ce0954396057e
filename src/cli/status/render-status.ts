import type { Topology, Verdict } from "../../topology/schema.ts";
import { type Cell, renderTable } from "../output/table.ts";
import { oneLine } from "../output/text.ts";
import type { Paint, Theme } from "../output/theme.ts";
import { renderHeader } from "./header.ts";
import { type NodeColumn, nodeColumns, type StatusCell, type Tone } from "./node-cells.ts";
import { renderSentinels } from "./sentinels.ts";
import { renderSlots } from "./slots.ts";
import { type TreeRow, treeRows } from "./tree.ts";

/** One look at a deployment, and what to make of it. */
export interface StatusReport {
  readonly topology: Topology;
  readonly verdict: Verdict;
}

export interface RenderStatusOptions {
  readonly theme: Theme;
  /** Columns of the screen; undefined: nothing is cut, for pipes with `--wide`. */
  readonly width: number | undefined;
  /** Every column, every reason, the evidence. */
  readonly wide?: boolean;
  /** A line for each reason but remarks, so that the topology below fits a low screen. */
  readonly brief?: boolean;
  /** The look before this one: what differs is marked. */
  readonly previous?: StatusReport;
}

/** How a look is shown, given the one before it; `brief` where all of it does not fit the screen. */
export type RenderReport = (report: StatusReport, previous: StatusReport | undefined, brief?: boolean) => string;

/** One screen that a tired person understands: verdict and reasons, the tree, then Sentinels or slots. */
export function renderStatus(topology: Topology, verdict: Verdict, options: RenderStatusOptions): string {
  const parts = [
    renderHeader(topology, verdict, options),
    renderNodes(topology, options),
    topology.kind === "sentinel" ? renderSentinels(topology, options) : "",
    topology.kind === "cluster" ? renderSlots(topology, verdict, options) : "",
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function renderNodes(topology: Topology, options: RenderStatusOptions): string {
  const { theme, wide = false } = options;
  const columns = nodeColumns(topology, wide);
  const rows = treeRows(topology);
  const before = new Map(options.previous?.topology.nodes.map((node) => [node.id, node]));
  const table = renderTable(
    [{ header: "NODE", shrinkTo: 12, cut: "middle" }, ...columns],
    rows.map((row) => [nameCell(row, theme), ...columns.map((column) => nodeCell(column, row))]),
    { theme, ...(options.width === undefined ? {} : { width: options.width }) },
  );
  const strangers = rows.filter((row) => !row.node.listed).map((row) => row.node.id);
  if (strangers.length === 0) return table;
  return `${table}\n${theme.dim(`not in redisha.yaml: ${strangers.join(", ")}`)}`;

  function nodeCell(column: NodeColumn, row: TreeRow): Cell {
    const cell = column.cell(row.node, topology);
    const old = before.get(row.node.id);
    const was = old && options.previous ? column.cell(old, options.previous.topology) : undefined;
    const changed = was !== undefined && cell.mark !== was.mark;
    if (changed) return { text: cellText(cell, theme) + theme.changedMark, paint: theme.changed };
    return { text: cellText(cell, theme), paint: toneOf(cell.tone, theme) };
  }
}

/** The node's name behind the lines of the tree. */
function nameCell(row: TreeRow, theme: Theme): Cell {
  const { branch, lastBranch, trunk } = theme.symbols;
  const lines = row.followed.map((more, level) => {
    if (level === row.followed.length - 1) return more ? branch : lastBranch;
    return more ? trunk : " ".repeat(trunk.length);
  });
  const text = lines.join("") + oneLine(row.node.id);
  return row.node.role === "primary" ? { text, paint: theme.strong } : text;
}

/** A cell as text: its symbol, its words, or a dash for nothing. */
export function cellText(cell: StatusCell, theme: Theme): string {
  if (cell.text === "") return theme.symbols.none;
  return cell.symbol ? `${theme.symbols[cell.symbol]} ${cell.text}` : cell.text;
}

function toneOf(tone: Tone, theme: Theme): Paint {
  const paints: Record<Tone, Paint> = {
    plain: (text) => text,
    good: theme.good,
    warn: theme.warn,
    bad: theme.bad,
    dim: theme.dim,
  };
  return paints[tone];
}
