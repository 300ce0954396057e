import { describe, expect, it } from "vitest";
import { madeUpTopology } from "../../../src/rehearsal/made-up.ts";
import { afterSwitchover } from "../../../src/topology/after-switchover.ts";
import { topologySchema } from "../../../src/topology/schema.ts";
import { simulate } from "../../../src/topology/simulate.ts";

const healthy = madeUpTopology({
  kind: "sentinel",
  primary: "r1:6379",
  replicas: ["r2:6379", "r3:6379"],
  sentinels: ["r1:26379", "r2:26379", "r3:26379"],
  version: "7.0.15",
});

describe("the model after a switchover", () => {
  const after = afterSwitchover(healthy, "r2:6379");

  it("is one that could have been observed", () => {
    expect(topologySchema.parse(after)).toEqual(after);
  });

  it("has one primary, whom every replica follows and every Sentinel names", () => {
    expect(after.primary_id).toBe("r2:6379");
    expect(after.nodes.map(({ id, role, primary_id, writable }) => [id, role, primary_id, writable])).toEqual([
      ["r1:6379", "replica", "r2:6379", false],
      ["r2:6379", "primary", null, true],
      ["r3:6379", "replica", "r2:6379", false],
    ]);
    expect(after.sentinels.map(({ primary_id }) => primary_id)).toEqual(["r2:6379", "r2:6379", "r2:6379"]);
    for (const { known_replicas } of after.sentinels)
      expect(known_replicas.map(({ node_id }) => node_id).sort()).toEqual(["r1:6379", "r3:6379"]);
  });

  it("tolerates as much as before", () => {
    for (const { id } of healthy.nodes) expect(simulate(after, [id]).survives).toBe(true);
  });

  it("is the same again after the way back", () => {
    const back = afterSwitchover(after, "r1:6379");
    expect(back.nodes.map(({ id, role, primary_id }) => [id, role, primary_id])).toEqual(
      healthy.nodes.map(({ id, role, primary_id }) => [id, role, primary_id]),
    );
  });

  it("is that of before where the target is no replica", () => {
    expect(afterSwitchover(healthy, "r1:6379")).toBe(healthy);
    expect(afterSwitchover(healthy, "r9:6379")).toBe(healthy);
  });
});
