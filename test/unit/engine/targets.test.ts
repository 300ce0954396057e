import { describe, expect, it } from "vitest";
import { selectTargets } from "../../../src/engine/targets.ts";
import type { Deployment, Host, Instance } from "../../../src/inventory/model.ts";
import type { Targets } from "../../../src/runbook/model.ts";
import { buildTopology } from "../../../src/topology/build-topology.ts";

const host = (name: string): Host => ({ name, address: name, ssh: "local" });

function instance(at: Host, kind: Instance["kind"], port: number): Instance {
  return { id: `${at.name}:${port}`, kind, host: at, address: at.address, port, initialPrimary: false };
}

function idsOf(targets: Omit<Targets, "resolve">): string[] {
  const hosts = [host("r1"), host("r2")];
  const instances = hosts.flatMap((each) => [instance(each, "data", 6379), instance(each, "sentinel", 26379)]);
  const deployment: Deployment = {
    ...{ name: "prod", file: "redisha.yaml", kind: "sentinel", engine: { name: "redis" }, hosts, instances },
    ...{ config: {}, auth: { data: {}, sentinel: {} }, redisVia: "ssh", timeouts: { connectMs: 1, commandMs: 1 } },
  };
  const topology = buildTopology({ deployment: "prod", kind: "sentinel" }, []);
  const never = () => {
    throw new Error("no expression here");
  };
  return selectTargets({ resolve: "plan", ...targets }, deployment, topology, never).map(({ id }) => id);
}

describe("targets of a step", () => {
  it("are all instances, also where nothing answers", () => {
    expect(idsOf({ role: "any" })).toEqual(["r1:6379", "r1:26379", "r2:6379", "r2:26379"]);
  });

  it("are one for each machine where the step says so, and the limit counts machines", () => {
    expect(idsOf({ role: "any", per: "host" })).toEqual(["r1:6379", "r2:6379"]);
    expect(idsOf({ role: "sentinel", per: "host" })).toEqual(["r1:26379", "r2:26379"]);
    expect(idsOf({ role: "any", per: "host", limit: 1 })).toEqual(["r1:6379"]);
  });
});
