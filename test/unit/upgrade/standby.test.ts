import { describe, expect, it } from "vitest";
import { decideAll } from "../../../src/actions/upgrade/decide.ts";
import { RedishaError } from "../../../src/core/errors.ts";
import type { DataNode, Topology } from "../../../src/topology/schema.ts";
import { node, sentinel, topology } from "../cli/topologies.ts";

const TO = { engine: null, version: "8.0.2" };

/** Three of one release, each with a Sentinel beside it; tests say what is different. */
function group(differences: Readonly<Record<string, Partial<DataNode>>> = {}, more: Partial<Topology> = {}): Topology {
  const nodes = ["r1:6379", "r2:6379", "r3:6379"].map((id, at) =>
    node(id, { ...(at === 0 ? { role: "primary" } : { primary_id: "r1:6379" }), ...differences[id] }),
  );
  const shard = { id: "main", primary_id: "r1:6379", replica_ids: ["r2:6379", "r3:6379"], slots: [] };
  const sentinels = ["r1", "r2", "r3"].map((host) => sentinel(`${host}:26379`, { version: "7.0.15" }));
  return topology({ kind: "sentinel", nodes, sentinels, shards: [shard], primary_id: "r1:6379", ...more });
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RedishaError && error.code === "UPGRADE_NO_STANDBY") return error.message;
    throw error;
  }
  return "";
}

describe("a replica that is to stay on its release", () => {
  it.each(["r3:6379", "r3"])("does not move, nor does the Sentinel of its host, and leads back (%s)", (standby) => {
    const { replicas, primaries, sentinels, ...decided } = decideAll(group(), { ...TO, standby });
    expect({ replicas, primaries, sentinels }).toEqual({
      replicas: ["r2:6379"],
      primaries: ["r1:6379"],
      sentinels: ["r1:26379", "r2:26379"],
    });
    expect(decided).toMatchObject({ standby: "r3:6379", standby_host: "r3", commits: true });
    expect(decided.way_back).toMatch(/^r3:6379 stays on 7.0.15 and leads back without loss, until .*; then backup/);
  });

  it("is one still where the others run the release already", () => {
    const newer = { version: "8.0.2" };
    const mixed = group({ "r1:6379": newer, "r2:6379": newer });
    expect(decideAll(mixed, { ...TO, standby: "r3" }).replicas).toEqual([]);
    expect(decideAll(mixed, TO)).toMatchObject({ replicas: ["r3:6379"], misses: ["r3:6379"], standby: "" });
  });

  it.each([
    ["there is no such instance", "r9", {}],
    ["it is the primary", "r1", {}],
    ["runs Redis 8.0.2 already", "r3", { "r3:6379": { version: "8.0.2" } }],
    ["drops each SET with an expiry", "r3", { "r3:6379": { version: "6.0.16" } }],
    ["it does not answer", "r3", { "r3:6379": { version: null } }],
    ["does not follow the primary itself", "r3", { "r3:6379": { primary_id: "r2:6379" } }],
    ["the only replica that could take the primary's place", "r3", { "r2:6379": { priority: 0 } }],
    ["runs r2:6379 besides", "r3:6379", { "r2:6379": { host: "r3" } }],
    ["has several instances", "r3", { "r2:6379": { host: "r3" } }],
    ["no configuration file", "r3", { "r3:6379": { config_file: null } }],
  ] as const)("is refused where %s", (why, standby, differences) => {
    expect(refusalOf(() => decideAll(group(differences), { ...TO, standby }))).toContain(why);
  });

  it("is refused where every server leads back without one, towards the other project, and in a Cluster", () => {
    expect(refusalOf(() => decideAll(group(), { engine: null, version: "7.0.16", standby: "r3" }))).toContain(
      "every server leads back to Redis 7.0.15 without one",
    );
    expect(refusalOf(() => decideAll(group(), { engine: "valkey", version: "8.1.1", standby: "r3" }))).toContain(
      "does not understand what Valkey 8.1.1 sends it",
    );
    expect(refusalOf(() => decideAll(group({}, { kind: "cluster" }), { ...TO, standby: "r3" }))).toContain("Cluster");
  });
});
