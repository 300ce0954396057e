import { describe, expect, it } from "vitest";
import { dataNames, installationFor } from "../../../src/restore/data-files.ts";
import { type Load, objectionsTo, seedable, type Taker } from "../../../src/restore/objections.ts";

const GB = 1024 ** 3;
const load: Load = {
  size: GB,
  magic: "REDIS",
  format: 10,
  used_memory: 2 * GB,
  modules: [],
  arch_bits: 64,
  databases: 1,
};
const taker: Taker = {
  engine: "redis",
  version: "7.0.15",
  arch_bits: 64,
  modules: [],
  databases: 16,
  used_memory: GB,
  maxmemory: 0,
  memory_available: 4 * GB,
  free: 3 * GB,
};
const why = (change: Partial<Load & Taker>, saves = false) =>
  objectionsTo({ ...load, ...change }, { ...taker, ...change }, { saves }).join("; ");

describe("what speaks against loading a backup", () => {
  it("is nothing where all fits", () => expect(why({})).toBe(""));
  it.each([
    [{ format: 11 }, "newer than what redis 7.0.15 reads"],
    [{ databases: 4, version: "7.0.15" }, ""],
    [{ maxmemory: GB }, "its maxmemory is 1.0 GiB"],
    [{ memory_available: 0 }, "2.0 GiB of memory, and"],
    [{ free: GB }, "of disk are needed"],
  ] as const)("is said of %j", (change, said) => {
    if (said === "") expect(why(change)).toBe("");
    else expect(why(change)).toContain(said);
  });
  it("counts the last save of a server that keeps no append-only file", () => {
    expect(why({ free: 1.5 * GB })).toBe("");
    expect(why({ free: 1.5 * GB, used_memory: GB }, true)).toContain("of disk are needed");
  });
  it("names modules that are missing, and databases that are too few", () => {
    expect(objectionsTo({ ...load, modules: ["search"] }, taker, { saves: false }).join()).toContain("search");
    expect(objectionsTo({ ...load, databases: 20 }, taker, { saves: false }).join()).toContain("number 19");
  });
});

describe("where a snapshot has to stand", () => {
  const names = { dbfilename: "dump.rdb", appendfilename: "my aof" };
  it("is its own name without an append-only file, and the base of one with it", () => {
    expect(installationFor({ ...names, appendonly: false, appenddirname: "dir" })).toEqual({ target: "dump.rdb" });
    expect(installationFor({ ...names, appendonly: true, appenddirname: null })).toEqual({ target: "my aof" });
    expect(installationFor({ ...names, appendonly: true, appenddirname: "dir" })).toEqual({
      target: "dir/my aof.1.base.rdb",
      manifest: { path: "dir/my aof.manifest", text: 'file "my aof.1.base.rdb" seq 1 type b\n' },
    });
    expect(dataNames({ ...names, appendonly: false, appenddirname: "dir" })).toEqual(["dump.rdb", "dir", "my aof"]);
  });
  it("spares a full sync only from 7.0 on, and never beside an append-only file", () => {
    const of = (version: string, appendonly: boolean) =>
      seedable({ engine: "redis", version, appendonly }, { seeds: true });
    expect([of("6.0.16", false), of("7.0.15", false), of("8.0.2", true)]).toEqual([false, true, false]);
  });
});
