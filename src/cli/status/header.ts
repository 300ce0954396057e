import type { Finding, Topology, Verdict } from "../../topology/schema.ts";
import { wrapAdvice } from "../output/advice.ts";
import { plural } from "../output/format.ts";
import { oneLine, truncate, wrap } from "../output/text.ts";
import type { Paint, Theme } from "../output/theme.ts";
import type { RenderStatusOptions } from "./render-status.ts";

/** More reasons than this do not fit one screen; the rest is counted. */
const MOST_REASONS = 8;
/** Where nothing limits the width, running text still has to be readable. */
const READABLE = 120;

/** What is looked at, the verdict in one word and one sentence, what may still be lost, and each reason with what to do. */
export function renderHeader(topology: Topology, verdict: Verdict, options: RenderStatusOptions): string {
  const { theme } = options;
  const width = options.width ?? READABLE;
  const look = looks(theme)[verdict.state];
  const lead = look.paint(`${look.symbol} ${verdict.state.toUpperCase()}`);
  const lines = [titleOf(topology, theme, width), "", wrap(summaryOf(verdict), width, `${lead}  `, "  ")];
  const tolerance = oneLine(verdict.tolerance.text);
  const [head = ""] = tolerance.split(": ");
  if (!verdict.summary.includes(head)) lines.push(wrap(tolerance, width, "  "));
  else if (!verdict.summary.includes(tolerance)) lines.push(wrap(tolerance.slice(head.length + 2), width, "  "));
  const reasons = options.wide ? verdict.findings.map((finding) => [finding]) : gatherAlike(verdict.findings);
  const shown = options.wide ? reasons : reasons.slice(0, MOST_REASONS);
  if (options.brief) return [...lines, ...briefReasons(verdict.findings, topology, theme, width)].join("\n");
  if (shown.length > 0) lines.push("");
  for (const [finding, ...others] of shown) {
    if (finding) lines.push(renderFinding(finding, others, topology, options, width));
  }
  const left = reasons.length - shown.length;
  if (left > 0) lines.push(theme.dim(`  and ${left} more: redisha status -o wide`));
  return lines.join("\n");
}

/** The sentence without the word that stands before it already. */
function summaryOf(verdict: Verdict): string {
  const text = oneLine(verdict.summary);
  const word = `${verdict.state}: `;
  return text.toLowerCase().startsWith(word) ? text.slice(word.length) : text;
}

/** `shop  sentinel mymaster  redis 7.0.15  3 nodes, 3 Sentinels  01:36:35Z`. */
function titleOf(topology: Topology, theme: Theme, width: number): string {
  const kind = topology.master_name ? `${topology.kind} ${oneLine(topology.master_name)}` : topology.kind;
  const counts = [plural(topology.nodes.length, "node")];
  if (topology.kind === "cluster") counts.unshift(plural(topology.shards.length, "shard"));
  if (topology.sentinels.length > 0) counts.push(plural(topology.sentinels.length, "Sentinel"));
  const at = `${topology.observed_at.slice(11, 19)}Z`;
  const name = oneLine(topology.deployment);
  const parts = [kind, ...engineOf(topology), counts.join(", "), at];
  const title = truncate([name, ...parts].join("  "), width, theme.symbols.ellipsis);
  return title.startsWith(name) ? theme.strong(name) + title.slice(name.length) : title;
}

/** Engine and version where all agree; nodes' own column tells them where they do not. */
function engineOf(topology: Topology): string[] {
  const names = new Set(topology.nodes.flatMap((node) => (node.engine ? [node.engine] : [])));
  const versions = new Set(topology.nodes.flatMap((node) => (node.version ? [node.version] : [])));
  if (names.size !== 1) return [];
  return [
    versions.size === 1 ? `${[...names][0]} ${oneLine([...versions][0] ?? "")}` : `${[...names][0]}, mixed versions`,
  ];
}

/** Findings of one kind that ask for the same to be done are one reason: a missing password is not told of six instances. */
function gatherAlike(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { id, severity, subject, next } = finding;
    const key = JSON.stringify(next.length === 0 ? [id, severity, subject, finding.message] : [id, severity, next]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()];
}

/** One line each, without remarks; the first one stands in the verdict already, so of it only what to do. */
function briefReasons(findings: readonly Finding[], topology: Topology, theme: Theme, width: number): string[] {
  const [first, ...others] = findings.filter(({ severity }) => severity !== "info");
  const next = first?.next[0] === undefined ? [] : [`${theme.symbols.arrow} ${oneLine(first.next[0])}`];
  const reasons = others.map((finding) => `${looks(theme)[finding.severity].symbol} ${aboutOf(finding, topology)}`);
  return [...next, ...reasons].map((line) => truncate(`  ${line}`, width, theme.symbols.ellipsis));
}

/** A finding, and the subjects of `others` for which the same holds. */
function renderFinding(
  finding: Finding,
  others: readonly Finding[],
  topology: Topology,
  options: RenderStatusOptions,
  width: number,
): string {
  const { theme, previous } = options;
  const look = looks(theme)[finding.severity];
  const isNew =
    previous && [finding, ...others].some((now) => !previous.verdict.findings.some((old) => sameFinding(old, now)));
  const word = isNew ? theme.changed(finding.severity + theme.changedMark) : look.paint(finding.severity);
  const alike = others.length === 0 ? "" : `; the same: ${others.map(({ subject }) => oneLine(subject)).join(", ")}`;
  const lines = [wrap(aboutOf(finding, topology) + alike, width, `  ${look.paint(look.symbol)} ${word} `, "    ")];
  if (options.wide)
    for (const line of finding.evidence) lines.push(wrap(oneLine(line), width, `    ${theme.symbols.dot} `, "      "));
  for (const next of finding.next) {
    lines.push(theme.accent(wrapAdvice(next, width, `    ${theme.symbols.arrow} `, "      ")));
  }
  return lines.join("\n");
}

/** The message, led by its subject where that is one part of the deployment and the message does not name it itself. */
function aboutOf(finding: Finding, { deployment }: Topology): string {
  const message = oneLine(finding.message);
  const known = finding.subject === deployment || message.includes(finding.subject);
  return known ? message : `${oneLine(finding.subject)}: ${message}`;
}

export function sameFinding(a: Finding, b: Finding): boolean {
  return a.id === b.id && a.subject === b.subject && a.severity === b.severity;
}

interface Look {
  readonly symbol: string;
  readonly paint: Paint;
}

function looks(theme: Theme): Record<Verdict["state"] | Finding["severity"], Look> {
  const { symbols } = theme;
  const bad = { symbol: symbols.bad, paint: theme.bad };
  const warn = { symbol: symbols.warn, paint: theme.warn };
  return {
    healthy: { symbol: symbols.ok, paint: theme.good },
    degraded: warn,
    critical: bad,
    unreachable: bad,
    warning: warn,
    info: { symbol: symbols.info, paint: theme.accent },
  };
}
