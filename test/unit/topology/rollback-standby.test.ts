import { describe, expect, it } from "vitest";
import { judge } from "../../../src/topology/judge.ts";
import { rollbackStandbys } from "../../../src/topology/rollback-standby.ts";
import type { DataNode, Topology } from "../../../src/topology/schema.ts";
import { node, topology } from "../cli/topologies.ts";

const KEPT = { on_replicated_error: "panic", diskless_load: "swapdb", priority: 0, read_only: true } as const;
const REPLID = "a".repeat(40);

/** Two of 8.0, and one that was left on 7.0. */
function upgraded(standby: Partial<DataNode> = {}, primary: Partial<DataNode> = {}): Topology {
  const of = { primary_id: "r1:6379", replid: REPLID };
  const nodes = [
    node("r1:6379", { role: "primary", writable: true, version: "8.0.2", replid: REPLID, ...primary }),
    node("r2:6379", { ...of, version: "8.0.2" }),
    node("r3:6379", { ...of, ...KEPT, ...standby }),
  ];
  const shard = { id: "main", primary_id: "r1:6379", replica_ids: ["r2:6379", "r3:6379"], slots: [] };
  return topology({ kind: "replication", nodes, shards: [shard], primary_id: "r1:6379", sentinels: [] });
}

const SILENT = { up: false, role: "unknown", version: null, engine: null, standby: true } as const;

describe("a replica that was left on the release from before", () => {
  it("leads back for as long as it has missed nothing", () => {
    expect(rollbackStandbys(upgraded())).toMatchObject([{ node: { id: "r3:6379" }, unsound: [] }]);
    const { findings } = judge(upgraded());
    expect(findings.map(({ id }) => id)).toContain("rollback_standby");
    expect(findings.map(({ id }) => id)).not.toContain("version_skew");
    expect(findings.map(({ id }) => id)).not.toContain("replica_older_than_primary");
  });

  it.each([
    ["its link is down", { link_up: false }],
    ["its data is of another history", { replid: "b".repeat(40) }],
    ["3 commands failed on it", { unexpected_errors: 3 }],
    ["an unknown number of commands failed on it", { unexpected_errors: null }],
    ["it takes writes of its own", { read_only: false }],
    ["it follows r2:6379, not the primary", { primary_id: "r2:6379" }],
    ["propagation-error-behavior", { on_replicated_error: "ignore", standby: true }],
    ["a full sync would empty it", { diskless_load: "disabled", standby: true }],
    ["it does not answer", SILENT],
    ["drops what it does not know without a sign", { version: "6.0.16", standby: true }],
  ] as const)("leads back no more where %s", (why, damage) => {
    const [standby] = rollbackStandbys(upgraded(damage));
    expect(standby?.unsound.join("; ")).toContain(why);
    const found = judge(upgraded(damage)).findings.find(({ id }) => id === "rollback_standby_lost");
    expect(found?.message).toContain(why);
  });

  it("is none where its primary runs the same release, nor where its settings are any other's", () => {
    expect(rollbackStandbys(upgraded({}, { version: "7.0.15" }))).toEqual([]);
    expect(rollbackStandbys(upgraded({ diskless_load: "disabled" }))).toEqual([]);
    expect(rollbackStandbys(upgraded({ standby: true, version: "8.0.2" }))).toEqual([]);
  });
});
