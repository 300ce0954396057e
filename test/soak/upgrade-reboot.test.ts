import { afterAll, beforeAll, expect, it } from "vitest";
import { afterwards, comesUp, lastRun, runWith, standOf, upgradeWith } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";

const TO = "7.0.15";
const DONE = { code: 0, said: "" };
const MOMENTS = (process.env.REDISHA_SOAK_MOMENTS ?? "stop,turn,beside,packages,adapt,start").split(",");

/** Each case begins with what the one before it has taken back; the last one goes on to the release. */
describeOnFleet("a host that loses power while an upgrade by packages works on it", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  let before: string[] = [];
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3, pools: ["bookworm-from-bullseye", "bookworm"] });
    deployment = await deploySentinel(fleet, { release: "redis-6.0", downAfterMs: 5_000 });
    await deployment.cli("r1:6379", "SET", "kept", "as it was", "EX", "36000");
    before = await standOf(fleet, deployment);
  }, 600_000);
  afterAll(() => fleet?.down());
  const tell = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`);

  async function up(name: string): Promise<void> {
    await comesUp(fleet, deployment, name);
    tell(await standOf(fleet, deployment));
  }

  async function asBefore(): Promise<void> {
    await deployment.settled(120_000);
    expect(await standOf(fleet, deployment)).toEqual(before);
    await fleet.powerOff("r2");
    await up("r2");
    await deployment.settled(120_000);
    expect(await standOf(fleet, deployment)).toEqual(before);
    for (const { name } of fleet.hosts) expect(await deployment.cli(`${name}:6379`, "GET", "kept")).toBe("as it was");
  }

  it.each(MOMENTS)("starts as one release or the other when it is back, and is taken back (%s)", async (step) => {
    const { code, status, error } = await upgradeWith(deployment, TO, {
      step: `replicas[r2:6379].${step}`,
      happens: () => fleet.powerOff("r2"),
    });
    tell({ step, error });
    expect({ code, status }).toEqual({ code: 7, status: "paused" });
    await up("r2");
    expect(await afterwards(deployment, "rollback")).toEqual(DONE);
    await asBefore();
  });

  it.each(MOMENTS)("starts as one release or the other, too, when taking it back is cut off (%s)", async (step) => {
    const { code } = await upgradeWith(deployment, TO, {
      step: "replicas[r3:6379].stop",
      happens: () => fleet.powerOff("r3"),
    });
    expect(code).toBe(7);
    await up("r3");
    const cut = await runWith(lastRun(deployment, "rollback"), {
      step: `replicas[r2:6379].${step} (undo)`,
      happens: () => fleet.powerOff("r2"),
    });
    tell({ step, error: cut.error });
    expect(cut.code).not.toBe(0);
    await up("r2");
    expect(await afterwards(deployment, "rollback")).toEqual(DONE);
    await asBefore();
  });

  it("is gone on with to the release, also where all of it came up as that meanwhile", async () => {
    const { code } = await upgradeWith(deployment, TO, {
      step: "replicas[r2:6379].start",
      happens: () => fleet.powerOff("r2"),
    });
    expect(code).toBe(7);
    await up("r2");
    expect(await afterwards(deployment, "resume")).toEqual(DONE);
    await deployment.settled(120_000);
    for (const { name } of fleet.hosts) {
      expect(await deployment.cli(`${name}:6379`, "GET", "kept")).toBe("as it was");
      for (const port of [6379, 26379]) {
        expect(await deployment.cli(`${name}:${port}`, "INFO", "server")).toContain(`redis_version:${TO}`);
        expect(await deployment.cli(`${name}:${port}`, "ACL", "LIST")).toMatch(/user default on .*&\*/);
      }
    }
  });
});
