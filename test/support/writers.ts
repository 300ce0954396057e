import { setTimeout as delay } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import type { TestLab } from "./lab.ts";

/**
 * Ordinary clients that write for as long as they are not stopped, and look for the primary anew only on an error. Every
 * write is unique (RPUSH of an id that is never sent twice), so that what was acknowledged can be told from what is there.
 */
export interface Writers {
  /** Acknowledged ids, with the time of the acknowledgement on performance.now(). */
  readonly acked: readonly { readonly id: string; readonly list: string; readonly at: number }[];
  /** Ends them, and says how long no write was acknowledged at worst, in milliseconds. */
  stop(): Promise<{ gapMs: number }>;
}

/** What clients need to know of a deployment: that of a lab, or of hosts. */
export interface Servers {
  readonly status: {
    readonly topology?: string;
    readonly processes: readonly { readonly service: string; readonly address: string; readonly port: number }[];
  };
}

/** One connection, once, no retries: what fails is an error. */
const ONCE = {
  lazyConnect: true,
  retryStrategy: () => null,
  connectTimeout: 250,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
  enableOfflineQueue: false,
};

interface WriterOptions {
  /** How long a writer waits for an answer before it looks around anew; without it for as long as it takes. */
  readonly answerMs?: number;
  /** What its lists begin with, such as the hash tag of a shard. */
  readonly prefix?: string;
}

/** Starts writers on a lab without passwords: through its Sentinels, as clients of its Cluster, or by asking each server what it is. */
export function startWriters(lab: Servers, count = 16, { answerMs, prefix = "" }: WriterOptions = {}): Writers {
  const patience = answerMs === undefined ? {} : { commandTimeout: answerMs };
  const processes = lab.status.processes.map(({ service, address, port }) => ({ service, host: address, port }));
  const data = processes.filter(({ service }) => service === "redis");
  const sentinels = processes.filter(({ service }) => service === "sentinel");
  const acked: { id: string; list: string; at: number }[] = [];
  const tag = `${prefix}w${Math.random().toString(36).slice(2, 8)}`;
  let on = true;
  const push = async (writer: number, write: (list: string, id: string) => Promise<unknown>): Promise<void> => {
    for (let seq = 0; on; seq += 1) {
      const [list, id] = [`${tag}:${writer}`, `${writer}:${seq}`];
      await write(list, id).then(
        () => acked.push({ id, list, at: performance.now() }),
        () => delay(2),
      );
      await delay(1);
    }
  };
  const join = (): Cluster => {
    const client = new Cluster(data, { slotsRefreshTimeout: 2_000, redisOptions: patience });
    return client.on("error", () => undefined);
  };
  let cluster = lab.status.topology === "cluster" ? join() : undefined;
  const pushTo = async (client: Cluster, list: string, id: string): Promise<void> => {
    try {
      await client.rpush(list, id);
    } catch (error) {
      // By itself it would stay with a node that hangs until that goes on.
      if (answerMs !== undefined && client === cluster) cluster = join();
      if (answerMs !== undefined) client.disconnect();
      throw error;
    }
  };
  const primary = () => (sentinels.length > 0 ? primaryBy(sentinels) : primaryAmong(data));
  const work = async (writer: number): Promise<void> => {
    if (cluster) return push(writer, (list, id) => pushTo(cluster ?? join(), list, id));
    let client: Redis | undefined;
    await push(writer, async (list, id) => {
      try {
        client ??= await connect(await primary(), patience);
        await client.rpush(list, id);
      } catch (error) {
        client?.disconnect();
        client = undefined;
        throw error;
      }
    });
    client?.disconnect();
  };
  const all = Promise.all(Array.from({ length: count }, (_, writer) => work(writer)));
  return {
    acked,
    async stop() {
      on = false;
      await all;
      cluster?.disconnect();
      return { gapMs: longestGap(acked) };
    },
  };
}

/** How long no write was acknowledged at worst among these, in milliseconds. */
export function longestGap(acked: Writers["acked"]): number {
  const times = acked.map(({ at }) => at).sort((a, b) => a - b);
  const gaps = times.slice(1).map((at, n) => at - (times[n] ?? at));
  return Math.round(gaps.reduce((worst, gap) => Math.max(worst, gap), 0));
}

/** Acknowledged writes that are not there, as redis-cli reads the lists from this node. */
export async function lostOf(
  lab: Pick<TestLab, "cli">,
  node: string,
  { acked }: Pick<Writers, "acked">,
): Promise<string[]> {
  const lists = [...new Set(acked.map(({ list }) => list))];
  const there = await Promise.all(
    lists.map(async (list) =>
      (await lab.cli(node, "LRANGE", list, "0", "-1")).split("\n").map((id) => `${list}/${id}`),
    ),
  );
  const found = new Set(there.flat());
  return acked.map(({ list, id }) => `${list}/${id}`).filter((write) => !found.has(write));
}

interface Address {
  readonly host: string;
  readonly port: number;
}

async function connect({ host, port }: Address, patience: { commandTimeout?: number } = {}): Promise<Redis> {
  const client = new Redis({ ...ONCE, ...patience, host, port });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function primaryBy(sentinels: readonly Address[]): Promise<Address> {
  for (const sentinel of sentinels) {
    let client: Redis | undefined;
    try {
      client = await connect(sentinel);
      const [host, port] = (await client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")) as [string, string];
      return { host, port: Number(port) };
    } catch {
      // The next one.
    } finally {
      client?.disconnect();
    }
  }
  throw new Error("no Sentinel answers");
}

/** The first that says it is a primary: without Sentinel, an application has nobody else to ask. */
async function primaryAmong(data: readonly Address[]): Promise<Address> {
  for (const server of data) {
    let client: Redis | undefined;
    try {
      client = await connect(server);
      const [role] = (await client.call("ROLE")) as [string];
      if (role === "master") return server;
    } catch {
      // The next one.
    } finally {
      client?.disconnect();
    }
  }
  throw new Error("nobody is a primary");
}
