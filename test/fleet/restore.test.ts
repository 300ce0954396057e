import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { redisha } from "../support/redisha.ts";
import { deploySentinel } from "./harness/deploy-sentinel.ts";
import type { FleetDeployment } from "./harness/deployment.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

const NODES = ["r1:6379", "r2:6379", "r3:6379"];

describeOnFleet("restore on real hosts", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  let place = "";
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "redisha-fleet-repository-"));
    fleet = await bootFleet({ hosts: 3 });
    const inventory = { backup: { repository: join(place, "repository") } };
    deployment = await deploySentinel(fleet, { password: "s3cret", config: { appendonly: "yes" }, inventory });
  });
  afterAll(async () => {
    await fleet?.down();
    await rm(place, { recursive: true, force: true });
  });

  const carry = async (...argv: string[]) => {
    const { stdout, stderr } = await redisha([...argv, "--file", deployment.file, "--json"]);
    const { result, error } = JSON.parse(stdout || "{}");
    if (!result) throw new Error(`no result: ${JSON.stringify(error)} ${stderr.slice(-2_000)}`);
    return result;
  };
  const values = (key: string) => Promise.all(NODES.map((node) => deployment.cli(node, "GET", key)));
  const listing = "stat -c '%U:%G %a %n' /var/lib/redis/appendonlydir /var/lib/redis/appendonlydir/*.base.rdb";

  // Covers: 16 (Restart=always brings nothing back, owner and mode as before), 15 and 17 through systemd.
  it("stops and starts units of systemd that restart always, and leaves files to their owner", async () => {
    await deployment.cli("r1:6379", "SET", "was", "saved");
    await deployment.cli("r1:6379", "WAIT", "2", "5000");
    expect(await carry("backup")).toMatchObject({ status: "done", error: null });
    await deployment.cli("r1:6379", "FLUSHALL");
    await deployment.cli("r1:6379", "SET", "is", "now");
    await deployment.cli("r1:6379", "WAIT", "2", "5000");

    const restored = await carry("restore", "--confirm", "fleet");
    expect(restored).toMatchObject({ status: "done", exit: 0, error: null });
    expect(await values("was")).toEqual(["saved", "saved", "saved"]);
    for (const { exec } of fleet.hosts.map((host) => ({ exec: host.exec.bind(host) }))) {
      expect(await exec(`systemctl is-active ${deployment.units.server}`)).toBe("active");
      expect(await exec(`systemctl show -P Restart ${deployment.units.server}`)).toBe("always");
      expect(await exec("ls /run/systemd/system/*.d 2>/dev/null || true")).not.toContain("redisha");
      const owned = await exec(`sh -c "${listing}"`);
      expect(owned.split("\n").every((line) => line.startsWith("redis:redis "))).toBe(true);
    }
    await deployment.settled();

    const back = await carry("runs", "rollback", restored.run, "--confirm", "fleet");
    expect(back).toMatchObject({ exit: 0 });
    expect(await values("is")).toEqual(["now", "now", "now"]);
    expect(await values("was")).toEqual(["", "", ""]);
    await deployment.settled();
  });

  it("starts servers that are down by their units, found by their ports", async () => {
    // A server that is at its first append-only file behind a full synchronization does not end when it is asked to.
    const writing = async () =>
      (await Promise.all(NODES.map((node) => deployment.cli(node, "INFO", "persistence")))).join();
    await expect.poll(writing, { timeout: 60_000 }).not.toMatch(/aof_rewrite_(in_progress|scheduled):1/);
    await Promise.all(
      fleet.hosts.map((host) => host.exec(`systemctl stop ${deployment.units.server} && rm -rf /var/lib/redis/*`)),
    );
    const restored = await carry("restore", "--confirm", "fleet");
    expect(restored).toMatchObject({ status: "done", error: null, outputs: { left_out: [] } });
    expect(await values("was")).toEqual(["saved", "saved", "saved"]);
    await deployment.settled();
  });
});
