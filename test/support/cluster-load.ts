import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import { fillWithEverything } from "./dataset.ts";
import type { TestLab } from "./lab.ts";
import { login, tlsOf } from "./lab-login.ts";
import type { Engine } from "./redis.ts";

/** Applications of a cluster that know nothing of redisha: they write, read back at once, and count what goes wrong. */
export interface Load {
  readonly counts: { commands: number };
  /** Commands that failed, and answers that were not what had been written: in words. */
  readonly wrong: readonly string[];
  stop(): Promise<void>;
}

/**
 * Each client has keys of its own, so that it knows what must be in them: it counts one up, which would show a write that
 * was lost, done twice or brought back from before, and reads another that lies in any slot.
 */
export async function startLoad(lab: TestLab, clients = 4): Promise<Load> {
  const counts = { commands: 0 };
  const wrong: string[] = [];
  const tag = Math.random().toString(36).slice(2, 8);
  let on = true;
  const written: Map<string, number>[] = [];
  const client = async (number: number): Promise<void> => {
    const cluster = await clusterClient(lab);
    const counters = new Map<string, number>();
    written.push(counters);
    for (let turn = 0; on; turn += 1) {
      const key = `load:${tag}:${number}:${turn % 500}`;
      const expected = (counters.get(key) ?? 0) + 1;
      try {
        const count = await cluster.incr(key);
        counters.set(key, count);
        if (count !== expected) wrong.push(`${key} was counted to ${count}, not to ${expected}`);
        const read = await cluster.get(key);
        if (Number(read) !== count) wrong.push(`${key} was read as ${read}, not as ${count}`);
        const filled = `filled:${(turn * 7 + number) % FILLED}`;
        if ((await cluster.get(filled)) !== filledWith(filled)) wrong.push(`${filled} was not read as it was written`);
        // A key that nobody has had yet: of a slot that is on its way, the target has to take it.
        const fresh = `load:${tag}:${number}:new:${turn}`;
        await cluster.set(fresh, turn, "EX", 60);
        if ((await cluster.get(fresh)) !== String(turn)) wrong.push(`${fresh} was not read as it was written`);
        counts.commands += 5;
        await delay(PAUSE_MS);
      } catch (error) {
        counters.delete(key);
        wrong.push(`${key}: ${error instanceof Error ? error.message : String(error)}`);
        await delay(20);
        counters.set(key, Number((await cluster.get(key).catch(() => 0)) ?? 0));
      }
    }
    cluster.disconnect();
  };
  const all = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return {
    counts,
    wrong,
    async stop() {
      on = false;
      await all;
      wrong.push(...(await missing(lab, written)));
    },
  };
}

/** Counters that do not hold in the end what was acknowledged last: in words. */
async function missing(lab: TestLab, written: readonly ReadonlyMap<string, number>[]): Promise<string[]> {
  const cluster = await clusterClient(lab, true);
  const counters = written.flatMap((own) => [...own]);
  const held = await Promise.all(counters.map(([key]) => cluster.get(key)));
  cluster.disconnect();
  return counters.flatMap(([key, count], at) =>
    Number(held[at]) === count ? [] : [`${key} holds ${held[at]} in the end, not ${count}`],
  );
}

/** Between two turns of a client: as fast as they can they take a machine from those who do the work. */
const PAUSE_MS = 2;

/** Keys that are written, beside some of every type. */
const FILLED = 5_000;

const filledWith = (key: string) => `value of ${key} ${"x".repeat(40)}`;

/** Fills all slots: many small keys, some of every type, one whose name is no text, and a hundred in one slot. */
export async function fillCluster(lab: TestLab, engine: Engine, keys = FILLED): Promise<void> {
  const cluster = await clusterClient(lab, true);
  for (let at = 0; at < keys; at += FILLED) {
    const names = Array.from({ length: FILLED }, (_, index) => `filled:${at + index}`);
    await Promise.all(names.map((name) => cluster.set(name, filledWith(name))));
  }
  await Promise.all(Array.from({ length: 300 }, (_, index) => cluster.set(`{tag}:${index}`, `tagged ${index}`)));
  await cluster.set(Buffer.from([0x00, 0xff, 0xfe, 0x0d, 0x0a, 0x80]), "no text");
  await fillWithEverything(async (name, ...args) => String(await cluster.call(name ?? "", ...args)), engine, {
    cluster: true,
  });
  cluster.disconnect();
}

/** What every key holds, by its name: read from the nodes themselves, each key from the one that has it. */
export async function contentsOf(lab: TestLab): Promise<{ digests: Map<string, string>; doubled: string[] }> {
  const digests = new Map<string, string>();
  const doubled: string[] = [];
  for (const node of await primaries(lab)) {
    for await (const keys of node.scanBufferStream({ count: 1_000 }) as AsyncIterable<Buffer[]>) {
      const lasting = keys.filter((each) => !each.toString().startsWith("load:"));
      const found = await Promise.all(lasting.map((key) => digestOf(node, key)));
      for (const [index, key] of lasting.entries()) {
        const name = key.toString("latin1");
        if (digests.has(name)) doubled.push(name);
        digests.set(name, found[index] ?? "");
      }
    }
    node.disconnect();
  }
  return { digests, doubled };
}

async function digestOf(node: Redis, key: Buffer): Promise<string> {
  const type = await node.type(key);
  const read = async (): Promise<unknown> => {
    if (type === "string") return (await node.getBuffer(key))?.toString("hex");
    if (type === "list") return node.lrange(key, 0, -1);
    if (type === "set") return (await node.smembers(key)).sort();
    if (type === "hash") return Object.entries(await node.hgetall(key)).sort();
    if (type === "zset") return node.zrange(key, "0", "-1", "WITHSCORES");
    return [await node.xrange(key, "-", "+"), await node.xpending(key, "group")];
  };
  const expires = (await node.pttl(key)) > 0;
  return createHash("sha1")
    .update(JSON.stringify([type, await read(), expires]))
    .digest("hex");
}

async function primaries(lab: TestLab): Promise<Redis[]> {
  const common = { ...(await options(lab)), retryStrategy: () => null };
  const nodes = servers(lab).map(({ host, port }) => new Redis({ ...common, host, port }));
  const found: Redis[] = [];
  for (const node of nodes) {
    node.on("error", () => undefined);
    const role = await node.role().catch(() => ["unreachable"]);
    if (role[0] === "master") found.push(node);
    else node.disconnect();
  }
  return found;
}

async function clusterClient(lab: TestLab, enableAutoPipelining = false): Promise<Cluster> {
  const cluster = new Cluster(servers(lab), {
    redisOptions: await options(lab),
    slotsRefreshTimeout: 10_000,
    clusterRetryStrategy: (times) => (times < 100 ? 200 : null),
    enableAutoPipelining,
  });
  cluster.on("error", () => undefined);
  cluster.on("+node", forgiveAsking);
  return cluster;
}

/**
 * Nobody in ioredis listens to its own ASKING. Where a node is let go of before it has answered, as one that never had a slot is
 * at the next look at the map, that rejection would end the program, though the command itself is sent again.
 */
function forgiveAsking(node: Redis): void {
  const asking = node.asking.bind(node);
  node.asking = () => {
    const asked = asking();
    asked.catch(() => undefined);
    return asked;
  };
}

async function options(lab: TestLab) {
  const { user, password } = await login(lab);
  const tls = await tlsOf(lab);
  return {
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: 5_000,
    // HELLO, which the other one needs, is not among what the operator of a lab may do.
    protocol: 2 as const,
  };
}

function servers(lab: TestLab): { host: string; port: number }[] {
  return lab.status.processes
    .filter(({ service }) => service === "redis")
    .map(({ address, port }) => ({ host: address, port }));
}
