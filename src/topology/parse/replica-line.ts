import { type InfoMap, toInt } from "./info.ts";

/** A replica in the words of the node it is attached to: `slave0:ip=…,port=…,state=…,offset=…,lag=…`. */
export interface ReplicaLine {
  readonly ip: string;
  readonly port: number;
  /** `online`, `wait_bgsave`, `send_bulk`; newer versions add more. */
  readonly state: string;
  /** What it has acknowledged. */
  readonly offset: number | null;
  /** Seconds since its last acknowledgement. */
  readonly lag: number | null;
}

/** One value of `slaveN`; undefined where it names no address. Fields it does not know (Valkey's `type=`) are passed over. */
export function parseReplicaLine(value: string): ReplicaLine | undefined {
  const fields = new Map<string, string>();
  for (const part of value.split(",")) {
    const equals = part.indexOf("=");
    if (equals > 0) fields.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const ip = fields.get("ip");
  const port = toInt(fields.get("port"));
  if (!ip || port === null || port < 0 || port > 65_535) return undefined;
  return {
    ip,
    port,
    state: fields.get("state") ?? "unknown",
    offset: toInt(fields.get("offset")),
    lag: toInt(fields.get("lag")),
  };
}

/** The value that parseReplicaLine reads back. */
export function printReplicaLine(line: ReplicaLine): string {
  const parts = [`ip=${line.ip}`, `port=${line.port}`, `state=${line.state}`];
  if (line.offset !== null) parts.push(`offset=${line.offset}`);
  if (line.lag !== null) parts.push(`lag=${line.lag}`);
  return parts.join(",");
}

/** Every replica that INFO of a node lists as attached, in its order. */
export function replicaLines(info: InfoMap): ReplicaLine[] {
  const found: { index: number; line: ReplicaLine }[] = [];
  for (const [name, value] of Object.entries(info)) {
    const index = /^(?:slave|replica)(\d+)$/.exec(name)?.[1];
    const line = index === undefined ? undefined : parseReplicaLine(value);
    if (index !== undefined && line) found.push({ index: Number(index), line });
  }
  return found.sort((a, b) => a.index - b.index).map(({ line }) => line);
}
