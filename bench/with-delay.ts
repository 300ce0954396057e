import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import { packagePath } from "../src/core/package-root.ts";
import { KEYS, VALUE } from "./reshard-keys.ts";
import type { Lab } from "./with-labs.ts";

/** Where the proxies of a lab listen, at the address of the server behind each. */
const PORT = 7_379;

/** How long what clients ask for took, in milliseconds. */
interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Clients that read and write until they are stopped. */
export interface Watched {
  stop(): Promise<Latencies>;
}

/** A lab of which every node is reached, by clients and by other nodes, through something that is late. */
interface LateLab extends Lab {
  readonly primaries: readonly { readonly host: string; readonly address: string; readonly port: number }[];
  watch(): Watched;
}

/** Puts a proxy before every node of a cluster, which tells everybody to come to that from then on. */
export async function withDelay<T>(lab: Lab, lateMs: number, work: (late: LateLab) => Promise<T>): Promise<T> {
  const nodes = lab.processes.filter(({ service }) => service === "redis");
  const ways = nodes.flatMap(({ address, port }) => [`${address}:${PORT}`, `${address}:${port}`]);
  const proxy = spawn(process.execPath, [packagePath("bench/delay-proxy.ts"), String(lateMs), ...ways], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(proxy.stdout, "data");
    for (const { address, port } of nodes) {
      const node = new Redis(port, address, { protocol: 2 });
      await node.config("SET", "cluster-announce-bus-port", String(port + 10_000));
      await node.config("SET", "cluster-announce-port", String(PORT));
      node.disconnect();
    }
    const file = join(lab.folder, "late.yaml");
    await writeFile(file, (await readFile(lab.file, "utf8")).replace("port: 6379", `port: ${PORT}`));
    const late = nodes.map(({ host, address }) => ({ host, address, port: PORT }));
    await told(late);
    return await work({ ...lab, file, primaries: late.slice(0, 3), watch: () => watch(late) });
  } finally {
    proxy.kill();
  }
}

/** Waits until every node has heard where all others are to be found now. */
async function told(nodes: readonly { readonly address: string; readonly port: number }[]): Promise<void> {
  for (const { address, port } of nodes) {
    const node = new Redis(port, address, { protocol: 2 });
    for (;;) {
      const lines = String(await node.call("CLUSTER", "NODES"));
      if (lines.split("\n").filter((line) => line.includes(`:${PORT}@`)).length === nodes.length) break;
      await pause(100);
    }
    node.disconnect();
  }
}

/** Has clients read keys, and write what they hold anyway, until they are stopped. */
export function watch(nodes: readonly { readonly address: string; readonly port: number }[]): Watched {
  const cluster = new Cluster(
    nodes.map(({ address: host, port }) => ({ host, port })),
    { redisOptions: { protocol: 2 } },
  );
  const took: number[] = [];
  let on = true;
  const clients = Array.from({ length: 4 }, async (_, number) => {
    for (let turn = number; on; turn += 4) {
      const key = `key:${(turn * 7_919) % KEYS}`;
      const began = performance.now();
      await (turn % 8 < 4 ? cluster.get(key) : cluster.set(key, VALUE));
      took.push(performance.now() - began);
    }
  });
  return {
    async stop(): Promise<Latencies> {
      on = false;
      await Promise.all(clients);
      cluster.disconnect();
      const sorted = took.sort((a, b) => a - b);
      const at = (share: number) => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10;
      return { p50: at(0.5), p99: at(0.99), worst: at(1) };
    },
  };
}
