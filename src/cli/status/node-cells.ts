import type { DataNode, Topology } from "../../topology/schema.ts";
import { shortAge, shortBytes, shortCount, slotRanges } from "../output/format.ts";
import type { Column } from "../output/table.ts";
import { oneLine } from "../output/text.ts";
import { reachWord } from "./reach-word.ts";

/** How a cell is meant; a symbol or a word in its text says the same without colour. */
export type Tone = "plain" | "good" | "warn" | "bad" | "dim";

export interface StatusCell {
  /** Stands before the text; empty text alone is shown as "none". */
  readonly symbol?: "ok" | "warn" | "bad" | "unknown";
  readonly text: string;
  readonly tone: Tone;
  /** What is compared to tell whether the cell changed; undefined for figures that always move. */
  readonly mark?: string;
}

export interface NodeColumn extends Column {
  readonly key: string;
  readonly cell: (node: DataNode, topology: Topology) => StatusCell;
}

const NOTHING: StatusCell = { text: "", tone: "dim", mark: "" };

const role: NodeColumn = {
  key: "role",
  header: "ROLE",
  cell: (node) => ({
    text: node.role === "unknown" ? "?" : node.role,
    tone: node.role === "primary" ? "plain" : "dim",
    mark: node.role,
  }),
};

const state: NodeColumn = { key: "state", header: "STATE", shrinkTo: 14, cell: stateCell };

const slots: NodeColumn = {
  key: "slots",
  header: "SLOTS",
  shrinkTo: 11,
  cell: (node) => (node.cluster?.slots.length ? steady(slotRanges(node.cluster.slots)) : NOTHING),
};

const lag: NodeColumn = { key: "lag", header: "LAG", align: "right", cell: lagCell };

const memory: NodeColumn = { key: "memory", header: "MEM", align: "right", cell: memoryCell };

const ops: NodeColumn = {
  key: "ops",
  header: "OPS/S",
  align: "right",
  dropOrder: 2,
  cell: (node) => figure(node.ops_per_sec, shortCount),
};

const saved: NodeColumn = { key: "saved", header: "SAVED", dropOrder: 3, cell: savedCell };

const version: NodeColumn = {
  key: "version",
  header: "VERSION",
  dropOrder: 4,
  cell: (node) => (node.version === null ? NOTHING : steady(oneLine(node.version))),
};

const more: readonly NodeColumn[] = [
  { key: "zone", header: "ZONE", cell: (node) => (node.zone === null ? NOTHING : steady(node.zone)) },
  { key: "address", header: "ADDRESS", cell: (node) => steady(`${node.address}:${node.port}`) },
  { key: "offset", header: "OFFSET", align: "right", cell: (node) => figure(node.offset, String) },
  {
    key: "replid",
    header: "REPLID",
    cell: (node) => (node.replid === null ? NOTHING : steady(node.replid.slice(0, 8))),
  },
  { key: "priority", header: "PRIO", align: "right", cell: (node) => figure(node.priority, String) },
  { key: "keys", header: "KEYS", align: "right", cell: (node) => figure(node.keys, shortCount) },
  { key: "clients", header: "CLIENTS", align: "right", cell: (node) => figure(node.clients, shortCount) },
  { key: "uptime", header: "UPTIME", align: "right", cell: (node) => figure(node.uptime_s, shortAge) },
  { key: "via", header: "VIA", cell: (node) => steady(node.via) },
  {
    key: "latency",
    header: "LATENCY",
    align: "right",
    cell: (node) => figure(node.latency_ms, (ms) => `${Math.round(ms)}ms`),
  },
];

/** The columns beside the node's name. A version column appears only where versions differ; the title tells it else. */
export function nodeColumns(topology: Topology, wide: boolean): NodeColumn[] {
  const versions = new Set(topology.nodes.flatMap((node) => (node.version === null ? [] : [node.version])));
  return [
    role,
    state,
    ...(topology.kind === "cluster" ? [slots] : []),
    lag,
    memory,
    ops,
    saved,
    ...(wide || versions.size > 1 ? [version] : []),
    ...(wide ? more : []),
  ];
}

function stateCell(node: DataNode): StatusCell {
  if (node.loading) {
    const left = node.loading_left_s === null ? "" : ` ${shortAge(node.loading_left_s)} left`;
    return { symbol: "warn", text: `loading${left}`, tone: "warn", mark: "loading" };
  }
  if (!node.reach.ok || !node.up) {
    const why = reachWord(node.reach.code);
    return { symbol: "bad", text: `${why}`, tone: "bad", mark: why };
  }
  if (node.role === "primary") {
    return node.writable
      ? { symbol: "ok", text: "up", tone: "good", mark: "up" }
      : { symbol: "bad", text: "takes no writes", tone: "bad", mark: "no writes" };
  }
  if (node.role === "unknown")
    return { symbol: "unknown", text: "up, role unknown", tone: "warn", mark: "role unknown" };
  if (node.sync_in_progress) {
    const left =
      node.sync_left_bytes === null || node.sync_left_bytes < 0 ? "" : ` ${shortBytes(node.sync_left_bytes)}`;
    return { symbol: "warn", text: `full sync${left}`, tone: "warn", mark: "sync" };
  }
  if (node.link_up === true) return { symbol: "ok", text: "link up", tone: "good", mark: "link up" };
  if (node.link_up === null) return { symbol: "unknown", text: "link unknown", tone: "warn", mark: "link unknown" };
  const since = node.link_down_s === null || node.link_down_s < 0 ? "" : ` ${shortAge(node.link_down_s)}`;
  return { symbol: "bad", text: `link down${since}`, tone: "bad", mark: "link down" };
}

function lagCell(node: DataNode): StatusCell {
  if (node.role !== "replica" || node.lag === null) return { text: "", tone: "dim" };
  const seconds = node.lag_s !== null && node.lag_s > 1 ? ` ${shortAge(node.lag_s)}` : "";
  return { text: `${shortBytes(node.lag)}${seconds}`, tone: seconds ? "warn" : "plain" };
}

function memoryCell(node: DataNode): StatusCell {
  if (node.used_memory === null) return { text: "", tone: "dim" };
  if (node.maxmemory === null || node.maxmemory === 0) return { text: shortBytes(node.used_memory), tone: "plain" };
  const percent = Math.round((100 * node.used_memory) / node.maxmemory);
  return {
    text: `${shortBytes(node.used_memory)} ${String(percent).padStart(2)}%`,
    tone: percent >= 95 ? "bad" : percent >= 85 ? "warn" : "plain",
  };
}

function savedCell(node: DataNode, topology: Topology): StatusCell {
  if (node.aof_enabled === null && node.save_points === null && node.last_save_at === null) return NOTHING;
  const parts: string[] = [];
  if (node.aof_enabled) parts.push(node.aof_last_write_ok === false ? "aof failed" : "aof");
  const snapshots = node.save_points === null || node.save_points !== "";
  if (node.bgsave_running) parts.push("saving");
  else if (node.last_bgsave_ok === false) parts.push("rdb failed");
  else if (snapshots) parts.push("rdb");
  const failed = node.last_bgsave_ok === false || node.aof_last_write_ok === false;
  const mark = parts.join(" ");
  if (parts.length === 0) return { text: "off", tone: "warn", mark };
  const age = snapshots ? ageOf(node.last_save_at, topology.observed_at) : "";
  return { text: `${mark}${age}`, tone: failed ? "bad" : "plain", mark };
}

function ageOf(at: string | null, now: string): string {
  if (at === null) return "";
  const seconds = (Date.parse(now) - Date.parse(at)) / 1_000;
  return Number.isFinite(seconds) ? ` ${shortAge(seconds)}` : "";
}

function figure(value: number | null, format: (value: number) => string): StatusCell {
  return value === null ? { text: "", tone: "dim" } : { text: format(value), tone: "plain" };
}

function steady(text: string): StatusCell {
  return { text, tone: "plain", mark: text };
}
