import { describe, expect, it } from "vitest";
import type { Observation } from "../../../src/topology/observation.ts";
import { simulate } from "../../../src/topology/simulate.ts";
import { canFullSync } from "../../../src/topology/versions.ts";
import { dead, look, primary, replica, SENTINEL, sentinel, sentinelGroup } from "./deployments.ts";

function setUp(replicas: readonly string[], watchers: readonly string[], config: Record<string, string> = {}) {
  const base = { "min-replicas-to-write": "0", "min-replicas-max-lag": "10", "replica-priority": "100", ...config };
  const group: Record<string, Observation> = { r1: primary("r1", replicas, {}, { config: base }) };
  for (const name of replicas) group[name] = replica(name, "r1", {}, { config: base });
  for (const name of watchers) {
    group[`s-${name}`] = sentinel(name, { names: "r1", replicas, peers: watchers.filter((other) => other !== name) });
  }
  return look(SENTINEL, group);
}

describe("how many hosts may be lost", () => {
  it("is two with five Sentinels and three replicas, each on a host of its own", () => {
    const { tolerance } = setUp(["r2", "r3", "r4"], ["r1", "r2", "r3", "r4", "r5"]).verdict;
    expect(tolerance).toMatchObject({ failures: 2, text: "tolerates the loss of any 2 hosts at once", limited_by: [] });
  });

  it("is none with two Sentinels: the one that is left is no majority", () => {
    const { tolerance } = setUp(["r2"], ["r1", "r2"]).verdict;
    expect(tolerance.failures).toBe(0);
    expect(tolerance.limited_by[0]).toContain("1 of 2 Sentinels left, below 2 for a majority");
  });

  it("is none where min-replicas-to-write asks for more than would be left", () => {
    const { tolerance } = setUp(["r2", "r3"], ["r1", "r2", "r3"], { "min-replicas-to-write": "2" }).verdict;
    expect(tolerance.failures).toBe(0);
    expect(tolerance.limited_by.join()).toContain("min-replicas-to-write is 2");
  });

  it("counts stale Sentinels as voters, for Sentinel does so", () => {
    const watchers = ["r1", "r2", "r3"];
    const group = sentinelGroup();
    const stale = (host: string) =>
      sentinel(host, {
        names: "r1",
        replicas: ["r2", "r3"],
        peers: [...watchers.filter((name) => name !== host), "r8", "r9"],
        gone: ["r8:26379", "r9:26379"],
      });
    const { tolerance } = look(SENTINEL, { ...group, s1: stale("r1"), s2: stale("r2"), s3: stale("r3") }).verdict;
    expect(tolerance.failures).toBe(0);
    expect(tolerance.limited_by[0]).toContain("2 of 5 Sentinels left, below 3 for a majority");
  });

  it("tells the loss of an instance from the loss of a host that carries several", () => {
    const group = sentinelGroup();
    const onOneHost = Object.fromEntries(
      Object.entries(group).map(([name, observation]) => [name, { ...observation, host: "box" }]),
    );
    const { tolerance } = look(SENTINEL, onOneHost).verdict;
    expect(tolerance.failures).toBe(0);
    expect(tolerance.text).toContain("any 1 instance, but not of any host");
  });
});

describe("a simulated loss", () => {
  it("names the replica that Sentinel would promote: lowest priority first, then most data", () => {
    const group = sentinelGroup();
    const ahead = replica("r3", "r1", { slave_repl_offset: "1001" });
    expect(simulate(look(SENTINEL, { ...group, r3: ahead }).topology, ["r1:6379"]).promotions).toEqual([
      { shard: "main", from: "r1:6379", to: "r3:6379" },
    ]);
    const preferred = replica("r2", "r1", {}, { config: { "replica-priority": "10" } });
    expect(simulate(look(SENTINEL, { ...group, r2: preferred, r3: ahead }).topology, ["r1"]).promotions[0]?.to).toBe(
      "r2:6379",
    );
  });

  it("is not borne when the new primary could not meet its own min-replicas-to-write", () => {
    const { topology } = setUp(["r2"], ["r1", "r2", "r3"], { "min-replicas-to-write": "1" });
    expect(simulate(topology, ["r1:6379"]).reasons[0]).toContain("r2:6379 would refuse writes");
  });

  it("is borne when it takes no primary", () => {
    const { topology } = look(SENTINEL, sentinelGroup());
    expect(simulate(topology, ["r2", "r3"])).toEqual({ survives: true, reasons: [], promotions: [] });
  });

  it("adds to the losses already suffered", () => {
    const group = sentinelGroup();
    const r2 = group.r2;
    if (!r2) throw new Error("no r2");
    const { topology } = look(SENTINEL, { ...group, r2: dead(r2) });
    expect(simulate(topology, ["r1:6379"]).survives).toBe(true);
    expect(simulate(topology, ["r1:6379", "r3:6379"]).reasons).toEqual(["no replica is left that could be promoted"]);
  });
});

describe("who can load a full sync from whom, as it was measured", () => {
  const versions = { "6.0": ["redis", "6.0.16"], "7.0": ["redis", "7.0.15"], "8.0": ["redis", "8.0.2"] } as const;
  const valkey = { "vk8.1": ["valkey", "8.1.3"], "vk9.1": ["valkey", "9.1.2"] } as const;
  const all: Record<string, readonly [string, string]> = { ...versions, ...valkey };
  const loads: Record<string, readonly string[]> = {
    "6.0": ["6.0", "7.0", "8.0", "vk8.1", "vk9.1"],
    "7.0": ["7.0", "8.0", "vk8.1", "vk9.1"],
    "8.0": ["8.0"],
    "vk8.1": ["8.0", "vk8.1", "vk9.1"],
    "vk9.1": ["8.0", "vk8.1", "vk9.1"],
  };
  it("lets Redis 7.2 read what Valkey 8 writes, and 7.0 not", () => {
    const valkey8 = { engine: "valkey", version: "8.1.3" };
    expect(canFullSync(valkey8, { engine: "redis", version: "7.2.4" })).toBe(true);
    expect(canFullSync(valkey8, { engine: "redis", version: "7.0.15" })).toBe(false);
  });

  it.each(Object.keys(loads))("%s", (from) => {
    const node = (name: string) => ({ engine: all[name]?.[0] ?? null, version: all[name]?.[1] ?? null });
    expect(Object.keys(all).filter((to) => canFullSync(node(from), node(to)))).toEqual(loads[from]);
  });
});
