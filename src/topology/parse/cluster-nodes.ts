import { toInt } from "./info.ts";
import { printRange, SLOTS, type SlotRange } from "./slots.ts";

/** One line of CLUSTER NODES: what one node says of another, or of itself (`myself`). */
export interface ClusterNodeLine {
  readonly id: string;
  /** Empty while the address is not known (`noaddr`). */
  readonly address: string;
  readonly port: number;
  readonly busPort: number | null;
  /** cluster-announce-hostname (7.0 and later). */
  readonly hostname: string | null;
  /** Further fields after the hostname, such as `shard-id=…`. */
  readonly aux: readonly string[];
  readonly flags: readonly string[];
  /** Node id of its primary; null for primaries. */
  readonly primaryId: string | null;
  readonly pingSent: number | null;
  readonly pongReceived: number | null;
  readonly epoch: number | null;
  readonly linked: boolean;
  readonly slots: readonly SlotRange[];
  /** Open slots; only lines of `myself` have them. */
  readonly migrating: readonly OpenSlot[];
  readonly importing: readonly OpenSlot[];
}

interface OpenSlot {
  readonly slot: number;
  /** Id of the node at the other end. */
  readonly nodeId: string;
}

/** Reads CLUSTER NODES of any version; lines that are none are passed over. It never throws. */
export function parseClusterNodes(text: string): ClusterNodeLine[] {
  return text
    .split(/\r?\n/)
    .map(parseLine)
    .filter((line) => line !== undefined);
}

/** The text that parseClusterNodes reads back. */
export function printClusterNodes(lines: readonly ClusterNodeLine[]): string {
  return lines.map((line) => `${printLine(line)}\n`).join("");
}

function parseLine(line: string): ClusterNodeLine | undefined {
  const [id, where, flags, primary, pingSent, pongReceived, epoch, link, ...slots] = line.split(" ");
  if (!id || link === undefined) return undefined;
  const place = parsePlace(where ?? "");
  if (!place) return undefined;
  const ranges: SlotRange[] = [];
  const migrating: OpenSlot[] = [];
  const importing: OpenSlot[] = [];
  for (const token of slots) {
    const open = /^\[(\d+)-([<>])-([^\]]+)\]$/.exec(token);
    if (open) {
      const slot = slotNumber(open[1]);
      if (slot !== undefined) (open[2] === ">" ? migrating : importing).push({ slot, nodeId: open[3] ?? "" });
      continue;
    }
    const range = /^(\d+)(?:-(\d+))?$/.exec(token);
    const from = slotNumber(range?.[1]);
    const to = range?.[2] === undefined ? from : slotNumber(range[2]);
    if (from !== undefined && to !== undefined && from <= to) ranges.push([from, to]);
  }
  return {
    id,
    ...place,
    flags: (flags ?? "").split(",").filter((flag) => flag !== "" && flag !== "noflags"),
    primaryId: !primary || primary === "-" ? null : primary,
    pingSent: toInt(pingSent),
    pongReceived: toInt(pongReceived),
    epoch: toInt(epoch),
    linked: link === "connected",
    slots: ranges,
    migrating,
    importing,
  };
}

/** `10.0.0.1:6379@16379,name,shard-id=…`; `:0@0` where the address is not known. IPv6 comes without brackets. */
function parsePlace(
  text: string,
): Pick<ClusterNodeLine, "address" | "port" | "busPort" | "hostname" | "aux"> | undefined {
  const [endpoint = "", ...rest] = text.split(",");
  const match = /^(.*):(\d{1,5})(?:@(\d{1,5}))?$/.exec(endpoint);
  if (!match) return undefined;
  const hostname = rest[0]?.includes("=") ? undefined : rest.shift();
  return {
    address: match[1] ?? "",
    port: Number(match[2]),
    busPort: match[3] === undefined ? null : Number(match[3]),
    hostname: hostname || null,
    aux: rest,
  };
}

function slotNumber(text: string | undefined): number | undefined {
  const slot = toInt(text);
  return slot !== null && slot >= 0 && slot < SLOTS ? slot : undefined;
}

function printLine(line: ClusterNodeLine): string {
  const bus = line.busPort === null ? "" : `@${line.busPort}`;
  const names = line.hostname === null && line.aux.length === 0 ? [] : [line.hostname ?? "", ...line.aux];
  return [
    line.id,
    [`${line.address}:${line.port}${bus}`, ...names].join(","),
    line.flags.join(",") || "noflags",
    line.primaryId ?? "-",
    line.pingSent ?? "",
    line.pongReceived ?? "",
    line.epoch ?? "",
    line.linked ? "connected" : "disconnected",
    ...line.slots.map(printRange),
    ...line.migrating.map(({ slot, nodeId }) => `[${slot}->-${nodeId}]`),
    ...line.importing.map(({ slot, nodeId }) => `[${slot}-<-${nodeId}]`),
  ].join(" ");
}
