import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { isGone, parseFlags } from "../../topology/parse/sentinel-map.ts";
import type { Topology } from "../../topology/schema.ts";
import { acts } from "../../topology/sentinel-authority.ts";
import type { ActionContext } from "../contract.ts";
import { parsePairs, parseRecords } from "../observe/parse.ts";

/** One Sentinel that could order a failover now. */
export interface Watcher {
  readonly id: string;
  readonly connection: RedisConnection;
}

/** A replica as one Sentinel knows it. */
export interface SeenReplica {
  readonly address: string;
  readonly port: number;
  readonly priority: number;
  /** Since it last read the replica's INFO, in milliseconds. */
  readonly infoAgeMs: number;
  readonly gone: boolean;
}

/** Sentinel's name for the group. Fails with NOT_SENTINEL. */
export function masterNameOf({ deployment }: Pick<ActionContext, "deployment">): string {
  if (deployment.masterName !== undefined) return deployment.masterName;
  throw new RedishaError({
    code: "NOT_SENTINEL",
    message: `${deployment.name} has no Sentinels: its topology in redisha.yaml is another.`,
    exit: EXIT.usage,
  });
}

/**
 * The Sentinels that answer, name this primary, hold nobody to be down and would get a failover through. Fails with
 * NO_SENTINEL_READY, which says what each of them lacks.
 */
export async function watchersOf(primary: string, topology: Topology, context: ActionContext): Promise<Watcher[]> {
  const name = masterNameOf(context);
  const lacks: string[] = [];
  const ready: Watcher[] = [];
  for (const sentinel of topology.sentinels.filter(acts)) {
    const instance = context.deployment.instances.find(({ id }) => id === sentinel.id);
    if (!instance) continue;
    if (sentinel.primary_id !== primary) {
      lacks.push(`${sentinel.id} names ${sentinel.primary_id ?? sentinel.primary_address ?? "nobody"} as the primary`);
      continue;
    }
    const connection = await context.redis(instance);
    const [quorum, master] = await connection.pipeline([
      ["SENTINEL", "CKQUORUM", name],
      ["SENTINEL", "MASTER", name],
    ]);
    const flags = master instanceof Error ? [] : parseFlags(parsePairs(master).flags ?? "");
    if (quorum instanceof Error) lacks.push(`${sentinel.id}: ${quorum.message}`);
    else if (isGone(flags)) lacks.push(`${sentinel.id} holds the primary to be down`);
    else if (flags.includes("failover_in_progress")) lacks.push(`${sentinel.id} is at a failover`);
    else ready.push({ id: sentinel.id, connection });
  }
  if (ready.length === 0) throw noneReady(lacks);
  return ready;
}

/** What a Sentinel says of each replica. */
export async function seenReplicas({ connection }: Watcher, masterName: string): Promise<SeenReplica[]> {
  const records = parseRecords(await connection.command(["SENTINEL", "REPLICAS", masterName]));
  return records.map((record) => ({
    address: record.ip ?? "",
    port: Number(record.port),
    priority: Number(record["slave-priority"] ?? record["replica-priority"] ?? 100),
    infoAgeMs: Number(record["info-refresh"] ?? Number.NaN),
    gone: isGone(parseFlags(record.flags ?? "")),
  }));
}

function noneReady(lacks: readonly string[]): RedishaError {
  return new RedishaError({
    code: "NO_SENTINEL_READY",
    message: `No Sentinel could carry a failover through: ${lacks.join("; ") || "none of them answers"}.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status --sentinels-view"],
  });
}
