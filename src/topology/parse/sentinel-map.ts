import { type InfoMap, toInt } from "./info.ts";

/** A primary, replica or Sentinel as SENTINEL MASTER, REPLICAS or SENTINELS describes it. */
export interface SentinelEntry {
  readonly address: string;
  readonly port: number;
  /** Of a data node: run_id. Of a Sentinel: its myid. Empty until it was heard. */
  readonly runId: string;
  /** `master`, `slave`, `sentinel`, and what is wrong: `s_down`, `o_down`, `disconnected`, … */
  readonly flags: readonly string[];
}

/** A replica, with what only replicas have. */
export interface SentinelReplicaEntry extends SentinelEntry {
  readonly linkUp: boolean;
  readonly priority: number | null;
}

/** Reads the fields that every entry has; undefined where it names no address. */
export function parseSentinelEntry(map: InfoMap): SentinelEntry | undefined {
  const port = toInt(map.port);
  if (!map.ip || port === null || port < 0 || port > 65_535) return undefined;
  return { address: map.ip, port, runId: map.runid ?? "", flags: parseFlags(map.flags ?? "") };
}

/** Reads an entry of SENTINEL REPLICAS; newer engines may say primary and replica where older ones say master and slave. */
export function parseSentinelReplica(map: InfoMap): SentinelReplicaEntry | undefined {
  const entry = parseSentinelEntry(map);
  if (!entry) return undefined;
  const status = map["master-link-status"] ?? map["primary-link-status"];
  return { ...entry, linkUp: status === "ok", priority: toInt(map["slave-priority"] ?? map["replica-priority"]) };
}

/** The fields of an entry, as Sentinel would send them. */
export function printSentinelReplica(entry: SentinelReplicaEntry): Record<string, string> {
  return {
    name: `${entry.address}:${entry.port}`,
    ip: entry.address,
    port: String(entry.port),
    runid: entry.runId,
    flags: entry.flags.join(","),
    "master-link-status": entry.linkUp ? "ok" : "err",
    ...(entry.priority === null ? {} : { "slave-priority": String(entry.priority) }),
  };
}

export function parseFlags(text: string): string[] {
  return text.split(",").filter((flag) => flag !== "");
}

/** Sentinel holds it to be down, or has lost its connection to it. */
export function isGone(flags: readonly string[]): boolean {
  return flags.includes("s_down") || flags.includes("o_down") || flags.includes("disconnected");
}
