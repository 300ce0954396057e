import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { packagePath } from "../src/core/package-root.ts";
import { type Watched, watch } from "./cluster-clients.ts";
import type { Lab } from "./with-labs.ts";

/** Where the proxies of a lab listen, at the address of the server behind each. */
const PORT = 7_379;

/** A lab of which every node is reached, by clients and by other nodes, through something that is late. */
interface LateLab extends Lab {
  readonly primaries: readonly { readonly host: string; readonly address: string; readonly port: number }[];
  watch(): Watched;
}

/** Round trips that are timed to find how late a proxy has to be. */
const TIMED = 500;

/** So often it is looked whether they take as long as they should. */
const LOOKS = 20;

/** As close to what they should take, as a share of it. */
const CLOSE = 0.03;

/**
 * Puts a proxy before every node of a cluster, which tells everybody to come to that from then on, so that a round trip takes
 * as many milliseconds as are asked for, by the median of those that a client times itself while nothing else goes on.
 */
export async function withDelay<T>(lab: Lab, roundTripMs: number, work: (late: LateLab) => Promise<T>): Promise<T> {
  const nodes = lab.processes.filter(({ service }) => service === "redis");
  const ways = nodes.flatMap(({ address, port }) => [`${address}:${PORT}`, `${address}:${port}`]);
  const proxy = spawn(process.execPath, [packagePath("bench/delay-proxy.ts"), ...ways], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    await once(proxy.stdout, "data");
    const [first] = nodes;
    if (!first) throw new RangeError("there is no node");
    await settle(first.address, roundTripMs, (lateMs) => proxy.stdin.write(`${lateMs}\n`));
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

/** Finds how late each way has to be: a proxy takes time itself, half a millisecond where processors wake slowly. */
async function settle(host: string, roundTripMs: number, beLate: (lateMs: number) => void): Promise<void> {
  const node = new Redis(PORT, host, { protocol: 2 });
  let lateMs = 0;
  try {
    for (let look = 0; look < LOOKS; look += 1) {
      const missing = roundTripMs - (await medianOf(node));
      if (Math.abs(missing) <= roundTripMs * CLOSE) return;
      lateMs = Math.max(0, lateMs + missing / 2);
      beLate(lateMs);
      await pause(100);
    }
  } finally {
    node.disconnect();
  }
  throw new RangeError(`round trips do not come to take ${roundTripMs} ms, ${lateMs.toFixed(2)} ms late each way`);
}

async function medianOf(node: Redis): Promise<number> {
  const took: number[] = [];
  while (took.length < TIMED) {
    const began = performance.now();
    await node.ping();
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[TIMED / 2] ?? 0;
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
