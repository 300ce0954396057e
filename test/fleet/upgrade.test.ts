import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { redisha } from "../support/redisha.ts";
import { lostOf, startWriters } from "../support/writers.ts";
import { deploySentinel } from "./harness/deploy-sentinel.ts";
import type { FleetDeployment } from "./harness/deployment.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";
import { offerPool } from "./harness/releases.ts";
import { servedBy } from "./served-by.ts";

/** Upgrades by packages; a failure shows what the run said. */
async function upgrade(deployment: FleetDeployment, version: string, ...flags: string[]) {
  const argv = ["upgrade", "--file", deployment.file, "--to", version, "--waive", "backup", "--soak", "0s"];
  const { stdout, stderr, code } = await redisha([...argv, ...flags, "--json"]);
  const { result, error } = JSON.parse(stdout || "{}");
  return { result, error, code, said: code === 0 ? "" : stderr.slice(-3_000) };
}

describeOnFleet("an upgrade by packages, of a deployment with Sentinel", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  let name = "";
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    deployment = await deploySentinel(fleet, { downAfterMs: 5_000 });
    const { stdout } = await redisha(["status", "--file", deployment.file, "--json"]);
    name = JSON.parse(stdout).result.topology.deployment;
  });
  afterAll(() => fleet?.down());
  const packages = () =>
    Promise.all(fleet.hosts.map((host) => host.exec("dpkg-query -W -f '${Status} ${Version}\\n' 'redis-*' | sort -u")));

  it("brings another revision of the same release to every host under load, and nothing restarts by itself", async () => {
    const [newest] = (await packages()).map((each) => each.replace(/.* /s, ""));
    const older = (await revisions()).find((each) => each !== newest) ?? "";
    const writers = startWriters(servedBy(fleet));
    const down = await patch("--to", older);
    expect(down).toMatchObject({ code: 0, error: undefined });
    expect(await packages()).toEqual(Array(3).fill(`install ok installed ${older}`));
    const up = await patch();
    expect(up).toMatchObject({ code: 0, error: undefined });
    expect(up.result.outputs.moved).toHaveLength(3);
    await writers.stop();
    const [primary = ""] = await deployment.primaries();
    expect(await lostOf(deployment, primary, writers)).toEqual([]);
    expect(await packages()).toEqual(Array(3).fill(`install ok installed ${newest}`));
    const stale = fleet.hosts.map((host) => host.exec("readlink /proc/$(pidof redis-server)/exe"));
    for (const program of await Promise.all(stale)) expect(program).not.toContain("deleted");
    expect((await patch()).result.outputs.moved).toEqual([]);
    await deployment.settled();
  }, 900_000);

  it("is refused before anything stops where one host is not offered the release", async () => {
    await offerPool(fleet.host("r1"), "bookworm-from-trixie");
    await offerPool(fleet.host("r2"), "bookworm-from-trixie");
    const before = await packages();
    const { code, error } = await upgrade(deployment, await offered(), "--confirm", name);
    expect({ code, host: error.host, is: error.code }).toEqual({ code: 4, host: "r3", is: "UPGRADE_TARGET_MISSING" });
    expect(await packages()).toEqual(before);
  });

  it("that is killed with a replica away is taken back: the packages, the files, the data", async () => {
    await offerPool(fleet.host("r3"), "bookworm-from-trixie");
    const before = await versions();
    const argv = ["upgrade", "--file", deployment.file, "--to", await offered(), "--waive", "backup", "--soak", "0s"];
    let killed = false;
    await redisha([...argv, "--confirm", name, "-o", "jsonl"], {
      onStdout: (text, kill) => {
        const there = /"op_started"[^\n]*"step":"replicas\[r2:6379\]\.start"/.test(text);
        if (!killed && there) kill("SIGKILL");
        killed ||= there;
      },
    });
    expect(killed).toBe(true);
    expect(await versions()).not.toEqual(before);
    const back = await redisha(["rollback", "--file", deployment.file, "--to", "7.0.15", "--yes", "--confirm", name]);
    expect({ code: back.code, said: back.code === 0 ? "" : back.stderr.slice(-3_000) }).toEqual({ code: 0, said: "" });
    expect(await versions()).toEqual(before);
    expect(await deployment.primaries()).toEqual(["r1:6379"]);
    await deployment.settled();
  }, 900_000);

  it("moves all packages of every host, loses no acknowledged write, keeps every file, and starts nothing by itself", async () => {
    const version = await offered();
    const writers = startWriters(servedBy(fleet));
    await delay(500);
    const { code, error, said } = await upgrade(deployment, version, "--confirm", name);
    expect({ code, error, said }).toEqual({ code: 0, error: undefined, said: "" });
    await delay(300);
    const { gapMs } = await writers.stop();
    const [primary = ""] = await deployment.primaries();
    expect(primary).not.toBe("r1:6379");
    expect(await lostOf(deployment, primary, writers)).toEqual([]);
    expect(writers.acked.length).toBeGreaterThan(1_000);
    expect(gapMs).toBeGreaterThan(0);
    await deployment.settled();
    for (const host of fleet.hosts) {
      expect(await deployment.cli(`${host.name}:6379`, "INFO", "server")).toContain(`redis_version:${version}`);
      expect(await deployment.cli(`${host.name}:26379`, "INFO", "server")).toContain(`redis_version:${version}`);
      expect(await host.exec("dpkg --audit; ls /usr/sbin/policy-rc.d 2>/dev/null || true")).toBe("");
    }
  }, 900_000);

  async function patch(...flags: string[]) {
    const argv = ["patch", "--file", deployment.file, "--soak", "0s", "--yes", "--json", ...flags];
    const { stdout, code } = await redisha(argv);
    const { result, error } = JSON.parse(stdout || "{}");
    return { result, error, code };
  }

  /** Of Redis 7.0, as apt of the hosts offers them. */
  async function revisions(): Promise<string[]> {
    const offered = await fleet.host("r1").exec("apt-cache madison redis-tools | cut -d'|' -f2 | tr -d ' '");
    return offered.split("\n").filter((each) => each.startsWith("5:7.0"));
  }

  /** Of the packages, and of what runs. */
  async function versions(): Promise<string[]> {
    const running = ["r1", "r2", "r3"].map((host) => deployment.cli(`${host}:6379`, "INFO", "server").catch(() => ""));
    const told = (await Promise.all(running)).map((info) => /redis_version:(\S+)/.exec(info)?.[1] ?? "none");
    return [...(await packages()), ...told];
  }

  /** The release of 8.0 that the pool has. */
  async function offered(): Promise<string> {
    const found = await fleet.host("r1").exec("apt-cache madison redis-tools | cut -d'|' -f2 | tr -d ' ' | sort -rV");
    const newest = found.split("\n").find((each) => each.startsWith("5:8."));
    return newest?.replace(/^\d+:/, "").replace(/[-+~].*/, "") ?? "";
  }
});
