import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocated } from "../../../src/size/allocated.ts";
import { type Benchmark, readRates } from "../../../src/size/benchmark.ts";
import type { Load } from "../../../src/size/load.ts";
import { loadBetween } from "../../../src/size/load.ts";
import { sizingOf, type Wishes } from "../../../src/size/sizing.ts";

const GIB = 1024 ** 3;
const LOAD: Load = {
  ...{ keys: 1_000_000, data_bytes: 10 * GIB, clients: 100, client_bytes: 20_480, ops: 20_000, writes: 1_000 },
  ...{
    write_bytes: 500_000,
    in_bytes: 1e6,
    out_bytes: 2e6,
    fragmentation: 1.2,
    cow_bytes: null,
    replicas: 2,
    aof: true,
  },
};
const WISHES: Wishes = {
  ...{ growth: 1, outageMs: 600_000, serverBytes: 25 * GIB, serverOps: 50_000, networkBytes: 100 * 1024 ** 2 },
};
const BENCHMARK: Benchmark = {
  ...{ server: "scratch", host: "r2", version: "redis-benchmark 7.0.15", cores: 4, connections: 50, value_bytes: 100 },
  ...{ command: "redis-benchmark", rates: [{ test: "GET", ops: 100_000, p99_ms: null }] },
};
const need = (loads: readonly Load[], wishes: Partial<Wishes>, id: string) =>
  sizingOf(loads, { ...WISHES, ...wishes }).needs.find((each) => each.id === id)?.value;

describe("sizingOf", () => {
  it("takes as many shards as the data or the commands need, whichever is more", () => {
    expect(sizingOf([LOAD], WISHES).shards).toBe(1);
    expect(sizingOf([LOAD], { ...WISHES, growth: 3 }).shards).toBe(2);
    expect(sizingOf([LOAD, LOAD, LOAD], WISHES).shards).toBe(2);
    expect(sizingOf([{ ...LOAD, ops: 120_000 }], WISHES).shards).toBe(3);
  });

  it("has the backlog bear what is written while a replica is away", () => {
    expect(need([LOAD], {}, "backlog")).toBeGreaterThanOrEqual(300_000_000);
    expect(need([LOAD], { outageMs: 1_000 }, "backlog")).toBe(64 * 1024 ** 2);
  });

  it("reckons with what the last fork copied, where that was more than writes explain", () => {
    expect(need([{ ...LOAD, cow_bytes: 3 * GIB }], {}, "copy_on_write")).toBe(3 * GIB);
    expect(need([{ ...LOAD, writes: 1e9 }], {}, "copy_on_write")).toBe(10 * GIB);
  });

  it("plans with a quarter to a half of what a benchmark measured, and with no more than that half", () => {
    const measured = (ops: number) => ({
      ...BENCHMARK,
      rates: [{ test: "SET", ops, p99_ms: 0.4 }, ...BENCHMARK.rates],
    });
    const slow = sizingOf([LOAD], WISHES, measured(20_000));
    expect(slow.shards).toBe(2);
    expect(slow.needs.filter(({ unit }) => unit === "ops/s").map(({ value }) => value)).toEqual([
      20_000, 5_000, 10_000,
    ]);
    expect(slow.needs.find(({ id }) => id === "plan_from")?.how).toContain("need 4 shards");
    expect(sizingOf([LOAD], WISHES, measured(900_000)).shards).toBe(1);
  });

  it("never asks for less where more is to be borne, shard by shard", () => {
    const some = fc.record({
      growth: fc.double({ min: 0.1, max: 3, noNaN: true }),
      more: fc.double({ min: 1, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(some, ({ growth, more }) => {
        for (const id of ["data", "memory", "disk", "network", "resync"]) {
          const wide = { serverBytes: 1e15, serverOps: 1e9 };
          const [less = 0, least = 0] = [
            need([LOAD], { ...wide, growth: growth * more }, id),
            need([LOAD], { ...wide, growth }, id),
          ];
          expect(less, id).toBeGreaterThanOrEqual(least);
        }
      }),
    );
  });
});

describe("loadBetween", () => {
  const first = { master_repl_offset: "1000", total_commands_processed: "10", total_net_output_bytes: "0" };
  const second = {
    ...{ master_repl_offset: "7000", total_commands_processed: "210", total_net_output_bytes: "50000" },
    ...{
      used_memory: "30000000",
      used_memory_startup: "1000000",
      mem_clients_normal: "200000",
      connected_clients: "5",
    },
    ...{ db0: "keys=90,expires=0", db3: "keys=10,expires=0", connected_slaves: "2", aof_enabled: "1" },
  };

  it("tells rates by the time between two looks, and what replicas are sent from what clients are", () => {
    expect(loadBetween(first, second, 2_000)).toMatchObject({
      ops: 100,
      write_bytes: 3_000,
      writes: 50,
      out_bytes: 19_000,
    });
  });

  it("counts keys of all databases, and their memory without buffers and without the program", () => {
    expect(loadBetween(first, second, 2_000)).toMatchObject({
      keys: 100,
      data_bytes: 28_800_000,
      client_bytes: 40_000,
    });
  });

  it("counts what replicas are sent once: the total of 7.0 and later holds their buffers and the backlog", () => {
    const buffers = { mem_replication_backlog: "1000000", mem_clients_slaves: "500000" };
    const before = loadBetween(first, { ...second, ...buffers }, 2_000).data_bytes;
    expect(before).toBe(28_800_000 - 1_500_000);
    const since = { ...second, ...buffers, mem_total_replication_buffers: "1200000" };
    expect(loadBetween(first, since, 2_000).data_bytes).toBe(28_800_000 - 1_200_000);
  });

  it("takes a server that was started again in between for one that did nothing", () => {
    expect(loadBetween(second, { ...first, db0: "keys=1" }, 1_000)).toMatchObject({ ops: 0, write_bytes: 0 });
  });
});

describe("readRates", () => {
  it("reads what 6.0 prints, and what those after it print below their titles", () => {
    expect(readRates('"SET","81967.21"\n"GET","90909.09"\n')).toEqual([
      { test: "SET", ops: 81967.21, p99_ms: null },
      { test: "GET", ops: 90909.09, p99_ms: null },
    ]);
    const titles = [
      "test",
      "rps",
      "avg_latency_ms",
      "min_latency_ms",
      "p50_latency_ms",
      "p95_latency_ms",
      "p99_latency_ms",
    ];
    const row = ["GET redisha:benchmark:__rand_int__", "70000.5", "0.3", "0.1", "0.2", "0.4", "0.535"];
    const csv = [titles, row].map((cells) => cells.map((cell) => `"${cell}"`).join(",")).join("\n");
    expect(readRates(csv)).toEqual([{ test: "GET", ops: 70000.5, p99_ms: 0.535 }]);
  });

  it("finds nothing in what is no such table", () => {
    expect(readRates("Could not connect to server\n")).toEqual([]);
  });
});

it("memory is handed out in sizes that grow, and never wastes more than a fifth of a large piece", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1 << 26 }), (bytes) => {
      const given = allocated(bytes);
      expect(given).toBeGreaterThanOrEqual(bytes);
      expect(allocated(given)).toBe(given);
      if (bytes > 128) expect(given).toBeLessThanOrEqual(bytes * 1.25);
    }),
  );
});
