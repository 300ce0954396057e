import { z } from "zod";
import { formatBytes, formatDuration } from "../core/units.ts";
import { type Benchmark, bestOf, PLANNING } from "./benchmark.ts";
import type { Load } from "./load.ts";

const needSchema = z.strictObject({
  id: z.string().describe("data, backlog, maxmemory, …"),
  title: z.string(),
  value: z.number(),
  unit: z.enum(["bytes", "bytes/s", "ms", "shards", "ops/s"]),
  how: z.string().describe("The arithmetic"),
});

export const sizingSchema = z.strictObject({
  shards: z.int().describe("Shards that the data and the commands need"),
  needs: z.array(needSchema).describe("Of each server, a primary of one of these shards, and of its host"),
});

export type Sizing = z.infer<typeof sizingSchema>;
type Need = z.infer<typeof needSchema>;

export interface Wishes {
  /** How many times of today's data and load is to be borne. */
  readonly growth: number;
  /** How long a replica may be away without a full resync. Milliseconds. */
  readonly outageMs: number;
  /** The most data that one server is to hold: what a fork, a resync and a restart still take well. Bytes. */
  readonly serverBytes: number;
  /** Commands a second that one server is to bear, which works in one thread. */
  readonly serverOps: number;
  /** What the network between hosts carries, bytes a second. */
  readonly networkBytes: number;
}

const MIB = 1024 ** 2;

/** Room in maxmemory for what comes and goes: evictions and writes are refused beyond it. */
const HEADROOM = 0.1;
/** The system, an agent, a shell. */
const SYSTEM_BYTES = 512 * MIB;
/** What a child writes to its disk in a second, and so how long clients change pages under it. */
const SAVE_BYTES_PER_S = 100 * MIB;
/** A write changes at least one page of memory. */
const PAGE = 4_096;
const LEAST_BACKLOG = 64 * MIB;

/**
 * What servers and hosts have to have for all of these loads, a primary each, with the arithmetic. Where a benchmark says that
 * a server bears less than is wished, it counts. Pure.
 */
export function sizingOf(loads: readonly Load[], wishes: Wishes, benchmark?: Benchmark): Sizing {
  const { growth, outageMs, serverBytes, networkBytes } = wishes;
  const bearable = benchmark ? bestOf(benchmark) * PLANNING.to : Number.POSITIVE_INFINITY;
  const serverOps = Math.min(wishes.serverOps, bearable);
  const sum = (of: (load: Load) => number) => loads.reduce((total, load) => total + of(load), 0);
  const most = (of: (load: Load) => number) => Math.max(0, ...loads.map(of));
  const [allData, allOps] = [sum((load) => load.data_bytes) * growth, sum((load) => load.ops) * growth];
  const forData = Math.max(1, Math.ceil(allData / serverBytes));
  const forOps = Math.max(1, Math.ceil(allOps / serverOps));
  const shards = Math.max(forData, forOps);
  const per = (value: number) => (value * growth) / shards;
  const times = growth === 1 ? "" : ` × ${growth}`;
  const among = shards === 1 ? "" : ` / ${shards} shards`;

  const data = per(sum((load) => load.data_bytes));
  const writes = per(sum((load) => load.write_bytes));
  const changes = per(sum((load) => load.writes));
  const clients = Math.ceil(most((load) => load.clients) * growth);
  const buffers = clients * most((load) => load.client_bytes);
  const replicas = Math.max(
    1,
    most((load) => load.replicas),
  );
  const maxmemory = mib((data + buffers) / (1 - HEADROOM));
  const backlog = Math.max(LEAST_BACKLOG, mib((writes * outageMs) / 1_000));
  const fragmentation = Math.max(
    1.1,
    most((load) => load.fragmentation),
  );
  const saveSeconds = data / SAVE_BYTES_PER_S;
  const changed = Math.min(data, changes * PAGE * saveSeconds);
  const cow = Math.max(changed, per(sum((load) => load.cow_bytes ?? 0)));
  const server = (maxmemory + backlog) * fragmentation;
  const host = server + cow + SYSTEM_BYTES;
  const aof = loads.some((load) => load.aof);
  const disk = data * (aof ? 4 : 2);
  const out = per(sum((load) => load.out_bytes)) + writes * replicas;
  const resync = (data / networkBytes) * 1_000;
  const b = (value: number) => formatBytes(Math.round(value));

  const needs: Need[] = [
    {
      id: "shards",
      title: "Shards",
      value: shards,
      unit: "shards",
      how: `${b(allData)} of data / ${b(serverBytes)} a server: ${forData}; ${count(allOps)} commands/s / ${count(serverOps)}: ${forOps}`,
    },
    {
      id: "data",
      title: "Data",
      value: Math.round(data),
      unit: "bytes",
      how: `${count(sum((load) => load.keys))} keys in ${b(sum((load) => load.data_bytes))}${times}${among}`,
    },
    {
      id: "maxmemory",
      title: "maxmemory",
      value: maxmemory,
      unit: "bytes",
      how: `(data + ${clients} clients × ${b(most((load) => load.client_bytes))}) / ${1 - HEADROOM}`,
    },
    {
      id: "backlog",
      title: "repl-backlog-size",
      value: backlog,
      unit: "bytes",
      how: `${b(writes)}/s of writes × ${formatDuration(outageMs)} that a replica may be away, at least ${b(LEAST_BACKLOG)}`,
    },
    {
      id: "copy_on_write",
      title: "Copied during a fork",
      value: Math.round(cow),
      unit: "bytes",
      how:
        cow > changed
          ? `what the last fork copied${times}${among}`
          : `${count(changes)} writes/s × ${b(PAGE)} a page × ${formatDuration(saveSeconds * 1_000)} to save; all data at most`,
    },
    {
      id: "memory",
      title: "Memory of the host",
      value: Math.round(host),
      unit: "bytes",
      how: `(maxmemory + backlog) × ${fragmentation.toFixed(2)} of fragmentation + copied + ${b(SYSTEM_BYTES)} for the system`,
    },
    {
      id: "disk",
      title: "Disk of the host",
      value: Math.round(disk),
      unit: "bytes",
      how: aof
        ? "data × 4: snapshot and append-only file, each beside the one it replaces"
        : "data × 2: a snapshot beside the one it replaces",
    },
    {
      id: "network",
      title: "Network of a primary",
      value: Math.round(out),
      unit: "bytes/s",
      how: `${b(per(sum((load) => load.out_bytes)))}/s to clients + ${b(writes)}/s of writes × ${replicas} replicas`,
    },
    {
      id: "resync",
      title: "A full resync takes",
      value: Math.round(resync),
      unit: "ms",
      how: `data / ${b(networkBytes)}/s of network; ${b((writes * resync) / 1_000)} are written meanwhile`,
    },
  ];
  return { shards, needs: [...needs, ...(benchmark ? needsBy(benchmark, allOps) : [])] };
}

function needsBy(benchmark: Benchmark, ops: number): Need[] {
  const { rates, host, server, connections, value_bytes, cores } = benchmark;
  const best = bestOf(benchmark);
  const [least, most] = [best * PLANNING.from, best * PLANNING.to];
  const told = rates.map(
    (rate) => `${rate.test} ${count(rate.ops)}/s${rate.p99_ms === null ? "" : `, 99 % within ${rate.p99_ms} ms`}`,
  );
  const how = `${connections} connections, values of ${value_bytes} bytes, on ${host}${cores === null ? "" : ` with ${cores} cores`}`;
  const whom = server === "scratch" ? "a server made for it, on a socket" : server;
  const shardsAt = (limit: number) => {
    const shards = Math.max(1, Math.ceil(ops / limit));
    return shards === 1 ? "1 shard" : `${shards} shards`;
  };
  return [
    {
      id: "benchmark",
      title: "A server bears at best",
      value: Math.round(best),
      unit: "ops/s",
      how: `the slower of ${told.join("; ")}: redis-benchmark against ${whom}, ${how}`,
    },
    {
      id: "plan_from",
      title: "Plan with, carefully",
      value: Math.round(least),
      unit: "ops/s",
      how: `${count(best)}/s × ${PLANNING.from}: TLS, other commands, forks and the network take the rest; ${count(ops)}/s need ${shardsAt(least)}`,
    },
    {
      id: "plan_to",
      title: "Plan with, at most",
      value: Math.round(most),
      unit: "ops/s",
      how: `${count(best)}/s × ${PLANNING.to}; ${count(ops)}/s need ${shardsAt(most)}`,
    },
  ];
}

function mib(bytes: number): number {
  return Math.ceil(bytes / MIB) * MIB;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
