import { setTimeout as delay } from "node:timers/promises";
import { Cluster } from "ioredis";
import type { TestLab } from "./lab.ts";

/** Applications that count, each its own keys, through failovers: they go where MOVED and ASK send them. */
export interface CountingWriters {
  readonly counts: { acknowledged: number };
  /** Counters that were seen to go back, in words. */
  readonly wrong: readonly string[];
  /** Ends them, reads every counter, and tells of those that hold less than what was acknowledged. */
  stop(): Promise<string[]>;
}

/** For a lab without passwords. A count without an answer may have been done or not: more than was acknowledged is right. */
export function startCounting(lab: TestLab, keys: readonly string[], clients = 4): CountingWriters {
  const counts = { acknowledged: 0 };
  const wrong: string[] = [];
  const acked = new Map<string, number>();
  let on = true;
  const write = async (cluster: Cluster, own: readonly string[]): Promise<void> => {
    for (let turn = 0; on; turn += 1) {
      const key = own[turn % own.length] ?? "";
      try {
        const value = await cluster.incr(key);
        const before = acked.get(key) ?? 0;
        if (value <= before) wrong.push(`${key} went from ${before} to ${value}`);
        acked.set(key, Math.max(value, before));
        counts.acknowledged += 1;
      } catch {
        await delay(20);
      }
    }
  };
  const all = Array.from({ length: clients }, (_, number) => {
    const cluster = clusterOf(lab);
    const own = keys.filter((_key, index) => index % clients === number);
    return write(cluster, own).finally(() => cluster.disconnect());
  });
  return {
    counts,
    wrong,
    async stop() {
      on = false;
      await Promise.all(all);
      const cluster = clusterOf(lab);
      const read = await Promise.all(
        [...acked].map(async ([key, least]) => ({ key, least, is: await cluster.get(key) })),
      );
      cluster.disconnect();
      return read
        .filter(({ is, least }) => Number(is ?? 0) < least)
        .map(({ key, is, least }) => `${key} holds ${is}, and ${least} was acknowledged`);
    },
  };
}

function clusterOf(lab: TestLab): Cluster {
  const servers = lab.status.processes.filter(({ service }) => service === "redis");
  const cluster = new Cluster(
    servers.map(({ address: host, port }) => ({ host, port })),
    {
      redisOptions: { connectTimeout: 5_000, maxRetriesPerRequest: 1 },
      slotsRefreshTimeout: 10_000,
      clusterRetryStrategy: (times) => (times < 100 ? 200 : null),
    },
  );
  cluster.on("error", () => undefined);
  return cluster;
}
