import type { Topology } from "../../topology/schema.ts";
import type { Theme } from "../output/theme.ts";
import { sameFinding } from "./header.ts";
import { nodeColumns } from "./node-cells.ts";
import { cellText, type StatusReport } from "./render-status.ts";

/** What became different between two looks, one line each; empty where nothing did. Figures that always move are left out. */
export function renderStatusDiff(previous: StatusReport, next: StatusReport, theme: Theme): string[] {
  const { arrow } = theme.symbols;
  const lines: string[] = [];
  if (previous.verdict.state !== next.verdict.state) {
    lines.push(`verdict: ${previous.verdict.state} ${arrow} ${next.verdict.state}: ${next.verdict.summary}`);
  }
  if (previous.topology.primary_id !== next.topology.primary_id) {
    lines.push(`primary: ${previous.topology.primary_id ?? "none"} ${arrow} ${next.topology.primary_id ?? "none"}`);
  }
  lines.push(
    ...nodeLines(previous.topology, next.topology, theme),
    ...sentinelLines(previous.topology, next.topology, theme),
  );
  for (const finding of next.verdict.findings) {
    if (!previous.verdict.findings.some((old) => sameFinding(old, finding))) {
      lines.push(`${finding.severity}: ${finding.subject}: ${finding.message}`);
    }
  }
  for (const finding of previous.verdict.findings) {
    if (!next.verdict.findings.some((now) => sameFinding(now, finding))) {
      lines.push(`no more: ${finding.subject}: ${finding.message}`);
    }
  }
  return lines;
}

function nodeLines(previous: Topology, next: Topology, theme: Theme): string[] {
  const before = new Map(previous.nodes.map((node) => [node.id, node]));
  const after = new Set(next.nodes.map((node) => node.id));
  const gone = previous.nodes.filter((node) => !after.has(node.id)).map((node) => `${node.id}: gone`);
  const changed = next.nodes.flatMap((node) => {
    const old = before.get(node.id);
    if (!old) return [`${node.id}: new`];
    // Of a node that went silent or came back, role and state say it all.
    const columns = nodeColumns(next, true).filter(
      ({ key }) => (old.up && node.up) || key === "role" || key === "state",
    );
    return columns.flatMap((column) => {
      const was = column.cell(old, previous);
      const now = column.cell(node, next);
      if (was.mark === now.mark) return [];
      return [
        `${node.id} ${column.header.toLowerCase()}: ${cellText(was, theme)} ${theme.symbols.arrow} ${cellText(now, theme)}`,
      ];
    });
  });
  return [...changed, ...gone];
}

function sentinelLines(previous: Topology, next: Topology, theme: Theme): string[] {
  const before = new Map(previous.sentinels.map((sentinel) => [sentinel.id, sentinel]));
  const { arrow } = theme.symbols;
  return next.sentinels.flatMap((sentinel) => {
    const old = before.get(sentinel.id);
    if (!old) return [`Sentinel ${sentinel.id}: new`];
    const lines: string[] = [];
    if (old.up !== sentinel.up)
      lines.push(`Sentinel ${sentinel.id}: ${upWord(old.up)} ${arrow} ${upWord(sentinel.up)}`);
    if (sentinel.up && old.up && old.primary_id !== sentinel.primary_id) {
      lines.push(
        `Sentinel ${sentinel.id} sees: ${old.primary_id ?? "nobody"} ${arrow} ${sentinel.primary_id ?? "nobody"}`,
      );
    }
    return lines;
  });
}

function upWord(up: boolean): string {
  return up ? "up" : "down";
}
