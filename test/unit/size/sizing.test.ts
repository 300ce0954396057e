import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocated } from "../../../src/size/allocated.ts";
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

  it("takes a server that was started again in between for one that did nothing", () => {
    expect(loadBetween(second, { ...first, db0: "keys=1" }, 1_000)).toMatchObject({ ops: 0, write_bytes: 0 });
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
