import { afterAll, beforeAll, expect, it } from "vitest";
import { look } from "../support/status.ts";
import { until } from "../support/until.ts";
import { deployCluster } from "./harness/deploy-cluster.ts";
import { deploySentinel } from "./harness/deploy-sentinel.ts";
import type { FleetDeployment } from "./harness/deployment.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

describeOnFleet("Redis with Sentinel on three real hosts", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    deployment = await deploySentinel(fleet, { password: "s3cret", config: { maxmemory: "64mb" } });
  });
  afterAll(() => fleet?.down());

  it("is healthy in the eyes of status, which logs in over SSH as an ordinary user", async () => {
    const seen = await look(deployment.file);
    expect({ exit: seen.exit, state: seen.state, findings: seen.ids }).toEqual({
      exit: 0,
      state: "healthy",
      findings: [],
    });
    expect(seen.text).toContain("r1:6379");
  });

  it("runs under systemd, which starts a crashed server again", async () => {
    const pid = await fleet.host("r2").exec(`systemctl show -P MainPID ${deployment.units.server}`);
    await fleet.host("r2").exec(`kill -9 ${pid}`);
    await until(async () => (await deployment.cli("r2:6379", "PING").catch(() => "")) === "PONG");
    expect(await fleet.host("r2").exec(`systemctl show -P NRestarts ${deployment.units.server}`)).toBe("1");
    await deployment.settled();
  });

  it("fails over when the host of the primary loses power, and takes it back as a replica", async () => {
    await deployment.cli("r1:6379", "SET", "written", "before");
    await deployment.cli("r1:6379", "WAIT", "2", "5000");
    await fleet.powerOff("r1");
    await until(async () => (await deployment.primaries()).length === 1);
    const [primary = ""] = await deployment.primaries();
    expect(primary).not.toBe("r1:6379");
    expect(await deployment.cli(primary, "GET", "written")).toBe("before");
    expect(await look(deployment.file)).toMatchObject({ exit: 9 });
    await fleet.boot("r1");
    await deployment.settled();
    expect(await deployment.primaries()).toEqual([primary]);
    expect(await look(deployment.file)).toMatchObject({ exit: 0, state: "healthy" });
  });

  it("fails over when the primary is cut off from its peers, which then has two primaries for a while", async () => {
    const [old = ""] = await deployment.primaries();
    await fleet.partition(old.split(":")[0] ?? "", "peers");
    await until(async () => (await deployment.primaries()).length === 2);
    await fleet.heal();
    await deployment.settled();
    expect(await deployment.primaries()).not.toContain(old);
  });
});

describeOnFleet("a cluster on six real hosts", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 6 });
    deployment = await deployCluster(fleet);
  });
  afterAll(() => fleet?.down());

  it("is healthy in the eyes of status", async () => {
    const seen = await look(deployment.file);
    expect({ exit: seen.exit, state: seen.state, findings: seen.ids }).toEqual({
      exit: 0,
      state: "healthy",
      findings: [],
    });
  });

  it("fails over when the host of a primary loses power, and takes it back as a replica", async () => {
    expect(await deployment.primaries()).toEqual(["r1:6379", "r2:6379", "r3:6379"]);
    await fleet.powerOff("r2");
    await until(async () => (await deployment.primaries()).length === 3);
    await fleet.boot("r2");
    await deployment.settled();
    expect(await deployment.primaries()).not.toContain("r2:6379");
    expect(await look(deployment.file)).toMatchObject({ exit: 0, state: "healthy" });
  });
});
