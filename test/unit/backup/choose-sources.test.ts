import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseSources, type SourcePolicy } from "../../../src/backup/choose-sources.ts";
import type { DataNode, Topology } from "../../../src/topology/schema.ts";
import { node } from "../cli/topologies.ts";

const POLICY: SourcePolicy = {
  allowPrimary: false,
  lagBytes: 1_000,
  lagSeconds: 10,
  method: "auto",
  hostsWithShell: new Set(["r1", "r2", "r3", "r4"]),
};

const primary = node("r1:6379", {
  role: "primary",
  primary_id: null,
  link_up: null,
  lag: null,
  lag_s: null,
  keys: 5_000,
  priority: 100,
  zone: "a",
});
const replica = (id: string, over: Partial<DataNode> = {}) =>
  node(id, { lag: 0, lag_s: 0, keys: 5_000, priority: 100, zone: "a", clients: 1, ...over });

function deployment(...replicas: DataNode[]): Topology {
  return {
    deployment: "shop",
    kind: "sentinel",
    master_name: "mymaster",
    declared_quorum: 2,
    observed_at: "2026-01-01T00:00:00.000Z",
    duration_ms: 1,
    nodes: [primary, ...replicas],
    sentinels: [],
    shards: [{ id: "main", primary_id: "r1:6379", replica_ids: replicas.map(({ id }) => id), slots: [] }],
    views: [],
    primary_id: "r1:6379",
    cluster: null,
  };
}

const chosen = (topology: Topology, policy: Partial<SourcePolicy> = {}) =>
  chooseSources(topology, { ...POLICY, ...policy }).sources.map(({ instance }) => instance);

describe("the source of a backup", () => {
  it("is the replica that nobody promotes, then the one in another zone, then the one that is least behind", () => {
    const behind = replica("r2:6379", { lag: 500 });
    const near = replica("r3:6379", { lag: 100 });
    expect(chosen(deployment(behind, near))).toEqual(["r3:6379"]);
    expect(chosen(deployment({ ...behind, zone: "b" }, near))).toEqual(["r2:6379"]);
    expect(chosen(deployment({ ...behind, zone: "b" }, { ...near, priority: 0 }))).toEqual(["r3:6379"]);
  });

  it.each<[string, Partial<DataNode>, RegExp]>([
    ["whose link is down", { link_up: false }, /link to the primary is down/],
    ["that is being synchronised", { sync_in_progress: true }, /being synchronised/],
    ["that is loading", { loading: true }, /loading/],
    ["that is too many bytes behind", { lag: 1_001 }, /1001 bytes behind/],
    ["that was not heard of for too long", { lag_s: 11 }, /not heard of/],
    ["that has far fewer keys than its primary", { keys: 10 }, /10 keys/],
    ["that does not stand in redisha.yaml", { listed: false }, /redisha\.yaml/],
  ])("is no replica %s, and the reason is told", (_, over, reason) => {
    const bad = replica("r2:6379", over);
    const { sources, problems } = chooseSources(deployment(bad), POLICY);
    expect(sources).toEqual([]);
    expect(problems.join()).toMatch(reason);
    expect(chosen(deployment(bad, replica("r3:6379")))).toEqual(["r3:6379"]);
    expect(chosen(deployment(bad), { allowPrimary: true })).toEqual(["r1:6379"]);
  });

  it("is pulled by replication where its host has no SSH, and says so", () => {
    const { sources } = chooseSources(deployment(replica("r2:6379")), { ...POLICY, hostsWithShell: new Set(["r1"]) });
    expect(sources[0]).toMatchObject({ instance: "r2:6379", method: "sync" });
    expect(chosen(deployment(replica("r2:6379")), { hostsWithShell: new Set(), method: "bgsave" })).toEqual([]);
  });

  it("is never unfit, whatever the replicas are like, and is there whenever one is fit", () => {
    const any = fc.record({
      link_up: fc.boolean(),
      sync_in_progress: fc.boolean(),
      loading: fc.boolean(),
      lag: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: null }),
      keys: fc.option(fc.integer({ min: 0, max: 6_000 }), { nil: null }),
      priority: fc.constantFrom(0, 100),
      zone: fc.constantFrom(null, "a", "b"),
    });
    const property = fc.property(fc.array(any, { maxLength: 3 }), fc.boolean(), (overs, allowPrimary) => {
      const replicas = overs.map((over, index) => replica(`r${index + 2}:6379`, over));
      const { sources, problems, candidates } = chooseSources(deployment(...replicas), { ...POLICY, allowPrimary });
      const fit = replicas.filter(
        (each) =>
          each.link_up &&
          !each.sync_in_progress &&
          !each.loading &&
          each.lag !== null &&
          each.lag <= 1_000 &&
          (each.keys ?? 0) >= 4_000,
      );
      expect(candidates.every(({ reason }) => reason !== "")).toBe(true);
      expect(sources.length + problems.length).toBe(1);
      if (fit.length > 0) expect(fit.map(({ id }) => id)).toContain(sources[0]?.instance);
      else expect(sources.map(({ instance }) => instance)).toEqual(allowPrimary ? ["r1:6379"] : []);
    });
    fc.assert(property);
  });
});

describe("the sources of a Cluster", () => {
  const cluster = (slots: [number, number][][]): Topology => ({
    ...deployment(),
    kind: "cluster",
    nodes: slots.flatMap((_, index) => [
      { ...primary, id: `p${index}:6379`, host: "r1" },
      replica(`s${index}:6379`, { host: "r2", primary_id: `p${index}:6379` }),
    ]),
    shards: slots.map((ranges, index) => ({
      id: ranges[0]?.join("-") ?? "",
      primary_id: `p${index}:6379`,
      replica_ids: [`s${index}:6379`],
      slots: ranges,
    })),
  });

  it("are one for each shard, named by its slots", () => {
    const { sources, problems } = chooseSources(cluster([[[0, 8191]], [[8192, 16383]]]), POLICY);
    expect(problems).toEqual([]);
    expect(sources.map(({ shard, instance }) => [shard, instance])).toEqual([
      ["c0-8191", "s0:6379"],
      ["c8192-16383", "s1:6379"],
    ]);
  });

  it("are none where slots belong to nobody: that is an error, no warning", () => {
    const { problems } = chooseSources(cluster([[[0, 8191]], [[8192, 16000]]]), POLICY);
    expect(problems).toEqual(["383 of 16384 slots belong to no shard that is known"]);
  });

  it("have short names where a shard has many ranges of slots", () => {
    const many = Array.from({ length: 4_096 }, (_, index): [number, number] => [index * 2, index * 2]);
    const rest: [number, number][] = [...many.map(([a]): [number, number] => [a + 1, a + 1]), [8_192, 16_383]];
    const { sources, problems } = chooseSources(cluster([many, rest]), POLICY);
    expect(problems).toEqual([]);
    expect(sources.map(({ shard }) => shard)).toEqual([
      expect.stringMatching(/^c0-0-[0-9a-f]{8}$/),
      expect.stringMatching(/^c1-1-[0-9a-f]{8}$/),
    ]);
  });
});
