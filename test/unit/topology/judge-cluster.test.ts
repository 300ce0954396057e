import { describe, expect, it } from "vitest";
import type { Observation } from "../../../src/topology/observation.ts";
import { addressOf, CLUSTER, clusterGroup, dead, found, idOf, ids, look, nodeOf, primary } from "./deployments.ts";

/** Replaces part of the lines that the named viewers print; all viewers where none is named. */
function rewritten(from: string | RegExp, to: string, viewers?: readonly string[]): Record<string, Observation> {
  return clusterGroup((lines, viewer) =>
    viewers && !viewers.includes(viewer) ? lines : lines.map((line) => line.replace(from, to)),
  );
}

function without(group: Record<string, Observation>, ...hosts: string[]): Record<string, Observation> {
  return Object.fromEntries(
    Object.entries(group).map(([host, observation]) => [host, hosts.includes(host) ? dead(observation) : observation]),
  );
}

/** c1 is marked as failed by everybody else. */
function failed(host: string) {
  return rewritten(`${addressOf(host)}:6379@16379 master`, `${addressOf(host)}:6379@16379 master,fail`);
}

describe("a healthy cluster", () => {
  it("is healthy and tolerates the loss of any host", () => {
    const result = look(CLUSTER, clusterGroup());
    expect(result.verdict.findings).toEqual([]);
    expect(result.verdict.summary).toBe(
      "Healthy: 3 primaries own all 16384 slots with 3 replicas in sync; tolerates the loss of any 1 host.",
    );
    expect(result.topology.shards.map(({ id, primary_id, replica_ids }) => [id, primary_id, replica_ids])).toEqual([
      ["0-5460", "c1:6379", ["c4:6379"]],
      ["5461-10922", "c2:6379", ["c5:6379"]],
      ["10923-16383", "c3:6379", ["c6:6379"]],
    ]);
    expect(result.topology.cluster).toEqual({
      state: "ok",
      slots_assigned: 16_384,
      slots_ok: 16_384,
      size: 3,
      epoch: 6,
    });
    expect(result.topology.primary_id).toBeNull();
  });

  it("is limited by its majority of primaries as well as by its replicas", () => {
    const { limited_by } = look(CLUSTER, clusterGroup()).verdict.tolerance;
    expect(limited_by).toContain("without c1 and c2: 1 of 3 primaries left, below the majority of 2");
    expect(limited_by).toContain("without c1 and c4: no replica of slots 0-5460 is left that could be promoted");
  });
});

describe("each damage of a cluster is found", () => {
  it("names the slots that belong to nobody", () => {
    const result = look(CLUSTER, rewritten("5461-10922", "5461-10000 10002-10922"));
    expect(found(result, "slots_uncovered")?.message).toContain("1 of 16384 slots is served by nobody: 10001 belong");
    expect(result.verdict.state).toBe("critical");
    expect(result.verdict.tolerance.failures).toBe(-1);
  });

  it("names the slots of a shard that is dead as a whole", () => {
    const result = look(CLUSTER, without(failed("c1"), "c1", "c4"));
    expect(found(result, "slots_uncovered")?.message).toContain("0-5460 of c1:6379, which is down");
    expect(found(result, "shard_primary_down")?.message).toContain("no replica could take its place");
  });

  it("says who can take the place of a dead primary", () => {
    const result = look(CLUSTER, without(failed("c1"), "c1"));
    expect(found(result, "shard_primary_down")).toMatchObject({ severity: "critical", subject: "c1:6379" });
    expect(found(result, "shard_primary_down")?.message).toContain("c4:6379 can take its place");
    expect(found(result, "slots_uncovered")).toBeUndefined();
    expect(nodeOf(result, "c1:6379")).toMatchObject({
      role: "unknown",
      known_by: ["c2:6379", "c3:6379", "c4:6379", "c5:6379", "c6:6379"],
    });
  });

  it("does not call a primary down that only we cannot reach", () => {
    const result = look(CLUSTER, without(clusterGroup(), "c1"));
    expect(ids(result)).toContain("instance_unreachable");
    expect(ids(result)).not.toContain("shard_primary_down");
  });

  it("shows both ends of an open slot", () => {
    const group = clusterGroup((lines, viewer) =>
      lines.map((line) => {
        if (viewer === "c1" && line.includes("myself")) return `${line} [100->-${idOf("c2")}]`;
        if (viewer === "c2" && line.includes("myself")) return `${line} [100-<-${idOf("c1")}]`;
        return line;
      }),
    );
    const result = look(CLUSTER, group);
    expect(found(result, "slots_open")?.message).toContain(
      "1 slot is open: 100 (c1:6379 migrates it to c2:6379, c2:6379 imports it from c1:6379)",
    );
    expect(found(result, "slots_open")?.message).not.toContain("one end only");
  });

  it("marks a slot that is open at one end only", () => {
    const result = look(CLUSTER, rewritten(/(myself,master .* 0-5460)/, `$1 [7->-${idOf("c2")}]`));
    expect(found(result, "slots_open")?.message).toContain("7 at one end only");
  });

  it("sees that nodes disagree on who owns which slots", () => {
    const result = look(CLUSTER, rewritten("0-5460", "0-5000", ["c3"]));
    expect(found(result, "nodes_disagree")?.severity).toBe("critical");
    expect(found(result, "nodes_disagree")?.message).toContain("against c3:6379");
  });

  it("says which nodes refuse commands", () => {
    const group = clusterGroup();
    const c2 = group.c2;
    if (!c2?.cluster) throw new Error("no c2");
    const sick = { ...c2, cluster: { ...c2.cluster, info: { ...c2.cluster.info, cluster_state: "fail" } } };
    const result = look(CLUSTER, { ...group, c2: sick });
    expect(found(result, "cluster_state_fail")?.message).toContain("c2:6379 says cluster_state:fail");
  });

  it("sees a node that answers us but that others hold to be failing", () => {
    const result = look(
      CLUSTER,
      rewritten(`${addressOf("c5")}:6379@16379 slave`, `${addressOf("c5")}:6379@16379 slave,fail?`, ["c1"]),
    );
    expect(found(result, "failing_by_some")).toMatchObject({ severity: "warning", subject: "c5:6379" });
    expect(found(result, "failing_by_some")?.evidence).toEqual(["c1:6379: fail?"]);
  });

  it("warns of a shard without a live replica", () => {
    const result = look(CLUSTER, without(clusterGroup(), "c4"));
    expect(found(result, "shard_without_replica")).toMatchObject({ severity: "warning", subject: "c1:6379" });
    expect(result.verdict.tolerance.failures).toBe(0);
  });

  it("warns of replicas beside their primary, and of a host that carries the majority", () => {
    const group = clusterGroup();
    const onOne = Object.fromEntries(
      Object.entries(group).map(([host, observation]) => [
        host,
        ["c1", "c2", "c4"].includes(host) ? { ...observation, host: "h1" } : observation,
      ]),
    );
    const result = look(CLUSTER, onOne);
    expect(found(result, "replicas_same_host_as_primary")?.message).toContain("Slots 0-5460: c1:6379");
    expect(found(result, "cluster_majority_at_risk")?.message).toContain("2 primaries of 3 are on h1");
    expect(result.verdict.tolerance.text).toContain("any 1 instance, but not of any host");
  });

  it("sees a primary that is not part of the cluster", () => {
    const alone = {
      ...primary("c7", [], { redis_mode: "cluster" }),
      cluster: {
        info: { cluster_state: "ok", cluster_known_nodes: "1" },
        nodes: `${idOf("c7")} :6379@16379 myself,master - 0 0 0 connected\n`,
      },
    };
    const result = look(CLUSTER, { ...clusterGroup(), c7: alone });
    expect(found(result, "orphan_primary")).toMatchObject({ severity: "warning", subject: "c7:6379" });
  });

  it("sees a member that redisha.yaml does not list, and one that the cluster should forget", () => {
    const extra = clusterGroup((lines) => [
      ...lines,
      `${"e".repeat(40)} 10.9.9.9:6379@16379 master - 0 0 9 connected`,
      `${"f".repeat(40)} 10.9.9.8:6379@16379 master,fail - 0 0 9 disconnected`,
    ]);
    const result = look(CLUSTER, extra);
    expect(nodeOf(result, "10.9.9.9:6379")).toMatchObject({ listed: false, reach: { code: "NOT_OBSERVED" } });
    expect(found(result, "unlisted_instance")).toBeDefined();
    expect(found(result, "stale_cluster_node")).toMatchObject({ subject: "10.9.9.8:6379" });
  });

  it("keeps the ghost of a replaced node apart from the one that answers at its address", () => {
    const ghost = clusterGroup((lines) => [
      ...lines,
      `${"f".repeat(40)} ${addressOf("c4")}:6379@16379 slave,fail ${idOf("c1")} 0 0 1 disconnected`,
    ]);
    const result = look(CLUSTER, ghost);
    expect(nodeOf(result, "c4:6379").cluster?.node_id).toBe(idOf("c4"));
    expect(found(result, "stale_cluster_node")?.subject).toBe(`${addressOf("c4")}:6379 (ffffffff)`);
  });
});

it("names the dead former primary as the one to start again after its replica took over", () => {
  const group = clusterGroup((lines) =>
    lines.map((line) => {
      if (line.startsWith(idOf("c1")))
        return `${idOf("c1")} ${addressOf("c1")}:6379@16379 master,fail - 0 0 1 disconnected`;
      if (!line.startsWith(idOf("c4"))) return line;
      const self = line.includes("myself") ? "myself," : "";
      return `${idOf("c4")} ${addressOf("c4")}:6379@16379 ${self}master - 0 0 7 connected 0-5460`;
    }),
  );
  const heir = {
    ...primary("c4", [], { redis_mode: "cluster" }),
    cluster: group.c4?.cluster ?? { info: {}, nodes: "" },
  };
  const result = look(CLUSTER, { ...without(group, "c1"), c4: heir });
  expect(found(result, "shard_without_replica")).toMatchObject({ subject: "c4:6379", next: ["start c1:6379"] });
});
