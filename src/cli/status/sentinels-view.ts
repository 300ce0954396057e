import type { SentinelNode, Topology } from "../../topology/schema.ts";
import { type Cell, type Column, renderTable } from "../output/table.ts";
import { displayWidth, oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";
import { renderHeader } from "./header.ts";
import { reachWord } from "./reach-word.ts";
import type { RenderStatusOptions, StatusReport } from "./render-status.ts";

/** Somebody whom Sentinels talk of: another Sentinel or a data node. */
interface Subject {
  readonly name: string;
  /** What one Sentinel says of it. */
  readonly said: (by: SentinelNode) => Saying;
}

interface Saying {
  readonly text: string;
  readonly tone: "good" | "bad" | "dim";
}

/**
 * What each Sentinel says of everybody: a row for each Sentinel, a column for each node and each Sentinel. Cells are
 * `primary`, `ok`, the flags of trouble, or `unknown` for somebody it has never heard of.
 */
export function renderSentinelsView(report: StatusReport, options: RenderStatusOptions): string {
  const { topology, verdict } = report;
  const { theme } = options;
  const data = topology.nodes.map((node): Subject => ({ name: node.id, said: (by) => ofNode(by, node.id, topology) }));
  const peers = topology.sentinels.map((peer): Subject => ({ name: peer.id, said: (by) => ofPeer(by, peer) }));
  return `${[
    renderHeader(topology, verdict, options),
    matrix("SAY OF NODES", topology.sentinels, data, options),
    matrix("SAY OF EACH OTHER", topology.sentinels, peers, options),
    theme.dim("Each row is what that Sentinel says. s_down: it alone holds it to be down;\no_down: so does a quorum."),
  ].join("\n\n")}\n`;
}

function matrix(
  title: string,
  sentinels: readonly SentinelNode[],
  subjects: readonly Subject[],
  options: RenderStatusOptions,
): string {
  const { theme, width } = options;
  const cells = sentinels.map((by) => [oneLine(by.id), ...subjects.map((subject) => cellOf(by, subject, theme))]);
  const named: Column[] = [{ header: "SENTINEL" }, ...subjects.map((subject) => ({ header: oneLine(subject.name) }))];
  const whole = renderTable(named, cells, { theme, indent: 2 });
  const fits = width === undefined || whole.split("\n").every((line) => displayWidth(line) <= width);
  if (fits) return `${theme.strong(title)}\n${whole}`;
  // Too many names for the screen: the columns are numbered, and the names stand below.
  const numbered: Column[] = [
    { header: "SENTINEL", shrinkTo: 12, cut: "middle" },
    ...subjects.map((_, index) => ({ header: `[${index + 1}]` })),
  ];
  const legend = subjects.map((subject, index) => `  [${index + 1}] ${oneLine(subject.name)}`);
  return [
    theme.strong(title),
    renderTable(numbered, cells, { theme, indent: 2, ...(width === undefined ? {} : { width }) }),
    ...legend,
  ].join("\n");
}

function cellOf(by: SentinelNode, subject: Subject, theme: Theme): Cell {
  const saying: Saying = by.up ? subject.said(by) : { text: reachWord(by.reach.code), tone: "dim" };
  return { text: saying.text, paint: theme[saying.tone] };
}

function ofNode(by: SentinelNode, nodeId: string, topology: Topology): Saying {
  if (!by.watching) return { text: "does not watch", tone: "bad" };
  if (by.primary_id === nodeId) {
    return by.flags.length === 0
      ? { text: "primary", tone: "good" }
      : { text: `primary ${by.flags.join(",")}`, tone: "bad" };
  }
  const node = topology.nodes.find((each) => each.id === nodeId);
  const address = node ? `${node.address}:${node.port}` : nodeId;
  const known = by.known_replicas.find((replica) => replica.node_id === nodeId || replica.address === address);
  if (!known) return { text: "unknown", tone: "bad" };
  const trouble = troubleIn(known.flags);
  if (trouble) return { text: trouble, tone: "bad" };
  return known.link_up ? { text: "ok", tone: "good" } : { text: "link down", tone: "bad" };
}

function ofPeer(by: SentinelNode, peer: SentinelNode): Saying {
  if (by.id === peer.id) return { text: "self", tone: "dim" };
  const address = `${peer.address}:${peer.port}`;
  const known = by.known_sentinels.find((each) => each.sentinel_id === peer.id || each.address === address);
  if (!known) return { text: "unknown", tone: "bad" };
  const trouble = troubleIn(known.flags);
  return trouble ? { text: trouble, tone: "bad" } : { text: "ok", tone: "good" };
}

/** The flags that mean trouble; `slave` and `sentinel` only say what somebody is. */
function troubleIn(flags: readonly string[]): string {
  return flags.filter((flag) => /down|disconnected|tilt|failover/.test(flag)).join(",");
}
