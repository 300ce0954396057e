import { randomUUID } from "node:crypto";
import type { IndependentLog } from "./drills.ts";
import { independentClient, type Servers } from "./drills.ts";

/** What of a drill's report is held against clients that share nothing with its probes. */
export interface ComparableReport {
  readonly new_primary: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly clock: { readonly delay_max_ms: number };
  readonly probes: readonly {
    readonly kind: string;
    readonly outage: { readonly ms: number } | null;
    readonly lost: Readonly<Record<string, number>> | null;
  }[];
}

/** One such client beside the probe that works as it does. Times in milliseconds. */
interface Compared {
  readonly kind: string;
  readonly outage: number | undefined;
  readonly own_outage: number;
  readonly difference: number;
  /** How late the two processes were themselves, at worst: no difference below that says anything. */
  readonly late: number;
  readonly own_lost: number;
}

/** What lists hold on the primary in the end, asked by something else than redisha: `LRANGE key 0 -1`, a line each. */
type ReadList = (primary: string, key: string) => Promise<string>;

/** A hash tag of the shard of a Cluster that is drilled by default, 0-5460. */
const TAG = "{b}";

/**
 * Starts clients of their own beside a drill: with Sentinel one that asks after an error and one that follows +switch-master,
 * with a Cluster one that goes where MOVED points. `compare` ends them, and holds what they saw against the report.
 */
export function startOwnClients(servers: Servers, password?: string) {
  const login = password === undefined ? {} : { password };
  const kinds =
    servers.status.topology === "cluster"
      ? [{ kind: "subscriber", follow: false }]
      : [
          { kind: "re_resolve", follow: false },
          { kind: "subscriber", follow: true },
        ];
  const running = kinds.map(({ kind, follow }) => {
    const key = `own:${randomUUID()}:${TAG}`;
    return { kind, key, client: independentClient(servers, key, { follow, ...login }) };
  });
  return {
    async compare(report: ComparableReport, read: ReadList): Promise<Compared[]> {
      const logs = await Promise.all(running.map(({ client }) => client.stop()));
      return Promise.all(running.map(({ kind, key }, n) => comparedTo(report, kind, key, logs[n], read)));
    },
  };
}

async function comparedTo(
  report: ComparableReport,
  kind: string,
  key: string,
  log: IndependentLog | undefined,
  read: ReadList,
): Promise<Compared> {
  const outage = report.probes.find((probe) => probe.kind === kind)?.outage?.ms;
  const own_outage = Math.round(log?.longest.gap_ms ?? 0);
  const there = new Set((await read(report.new_primary, key)).split("\n"));
  return {
    kind,
    outage,
    own_outage,
    difference: Math.round((outage ?? 0) - own_outage),
    late: Math.round(report.clock.delay_max_ms + (log?.late_ms ?? 0)),
    own_lost: log?.acked.filter((seq) => !there.has(String(seq))).length ?? -1,
  };
}
