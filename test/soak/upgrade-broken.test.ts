import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { afterwards, offerRevision, standOf, upgradeWith, withdrawRevision } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";

const TO = "7.0.15";
const BACK = { code: 0, said: "" };

/**
 * One fleet for all: whatever a case breaks is mended, and the upgrade taken back, before the next one begins; the last
 * one is gone on with.
 */
describeOnFleet("an upgrade by packages that something goes wrong with", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  let before: string[] = [];
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3, pools: ["bookworm-from-bullseye", "bookworm"] });
    deployment = await deploySentinel(fleet, { release: "redis-6.0", downAfterMs: 5_000 });
    await deployment.cli("r1:6379", "SET", "kept", "as it was");
    before = await standOf(fleet, deployment);
  }, 600_000);
  afterAll(() => fleet?.down());
  afterEach(async () => {
    await fleet.heal();
    await deployment.settled(120_000);
    for (const { name } of fleet.hosts) expect(await deployment.cli(`${name}:6379`, "GET", "kept")).toBe("as it was");
  });
  const at = (name: string) => fleet.host(name);
  const tell = (what: unknown) => process.stdout.write(`${JSON.stringify(what, null, 1)}\n`);

  /** Takes the upgrade back, and looks whether everything is as it was. */
  async function goesBack(): Promise<void> {
    expect(await afterwards(deployment, "rollback")).toEqual(BACK);
    expect(await standOf(fleet, deployment)).toEqual(before);
  }

  it("stops nothing where a package cannot be fetched any more that apt has just offered", async () => {
    const { code, error } = await upgradeWith(deployment, TO, {
      step: "config",
      happens: () => at("r2").exec("mv /etc/apt/sources.list /root/; echo >/etc/apt/sources.list; apt-get -qq update"),
    });
    await at("r2").exec("mv /root/sources.list /etc/apt/; apt-get -qq update");
    tell(error);
    expect({ code, is: error.code, host: error.host }).toEqual({ code: 4, is: "UPGRADE_NOT_FETCHED", host: "r2" });
    expect(error.state).toContain("every server runs as before");
    expect(await standOf(fleet, deployment)).toEqual(before);
  });

  it("keeps files that apt of the host was told to replace, and goes back from a package whose script fails", async () => {
    await at("r2").exec(`echo 'Dpkg::Options { "--force-confnew"; };' >/etc/apt/apt.conf.d/99-confnew`);
    // But for the line that it needs under 7.0, so that it goes on meaning what it meant.
    const look = "grep -Ev '^(acl-pubsub-default|$)' /etc/redis/sentinel.conf; grep '^bind 10' /etc/redis/redis.conf";
    const file = await at("r2").exec(look);
    await offerRevision(at("r3"), "bookworm", TO, "exit 7");
    const { code, status, error } = await upgradeWith(deployment, TO);
    tell(error);
    expect({ code, status, is: error.code }).toEqual({ code: 7, status: "paused", is: "PACKAGE_NOT_INSTALLED" });
    expect(error.message).toContain("redis-server package post-installation script subprocess returned error");
    expect(error.next.join()).toMatch(/runs resume .* runs rollback/);
    expect(await at("r2").exec(look)).toBe(file);
    expect(await deployment.primaries()).toEqual(["r1:6379"]);
    await goesBack();
    await withdrawRevision(at("r3"));
    await at("r2").exec("rm /etc/apt/apt.conf.d/99-confnew");
  });

  it("is refused where a file that is included names what the release does not know, or names a user twice", async () => {
    const more = "echo 'include /etc/redis/more-*.conf' >>/etc/redis/redis.conf";
    await at("r2").exec(`echo 'gopher-enabled no' >/etc/redis/more-1.conf; chmod 644 /etc/redis/more-1.conf; ${more}`);
    const unknown = await upgradeWith(deployment, TO);
    tell(unknown.error);
    expect({ code: unknown.code, is: unknown.error.code }).toEqual({ code: 4, is: "UPGRADE_CONFIG_REFUSED" });
    expect(unknown.error.message).toContain("gopher-enabled");
    await at("r2").exec("printf 'user twice on nopass\\nuser twice on nopass\\n' >/etc/redis/more-1.conf");
    const twice = await upgradeWith(deployment, TO);
    tell(twice.error);
    expect({ code: twice.code, is: twice.error.code }).toEqual({ code: 4, is: "UPGRADE_CONFIG_REFUSED" });
    expect(twice.error.message).toContain("user twice");
    await at("r2").exec("sed -i '/^include/d' /etc/redis/redis.conf; rm /etc/redis/more-1.conf");
    expect(await standOf(fleet, deployment)).toEqual(before);
  });

  it("ends a server that does not come up with what a package wrote, says why, and goes back", async () => {
    await offerRevision(at("r2"), "bookworm", TO, "echo nobody-knows-this yes >>/etc/redis/redis.conf");
    const { code, status, error } = await upgradeWith(deployment, TO);
    tell(error);
    expect({ code, status, is: error.code }).toEqual({ code: 7, status: "paused", is: "SERVICE_DIED" });
    expect(error.message).toContain("nobody-knows-this");
    expect(await at("r2").exec("systemctl is-active redis-server || true")).not.toContain("activating");
    await goesBack();
    await withdrawRevision(at("r2"));
  });

  it("pauses where a host dies while apt works on it, and goes back once it is there again", async () => {
    const { code, status, error } = await upgradeWith(deployment, TO, {
      step: "replicas[r2:6379].packages",
      happens: () => fleet.powerOff("r2"),
    });
    tell(error);
    expect({ code, status }).toEqual({ code: 7, status: "paused" });
    expect(error.next.join()).toMatch(/runs resume/);
    expect(await deployment.primaries()).toEqual(["r1:6379"]);
    await fleet.boot("r2");
    const answers = () => deployment.cli("r2:6379", "PING").catch((error: unknown) => String(error));
    await expect.poll(answers, { timeout: 60_000, interval: 1_000 }).toBe("PONG");
    await goesBack();
  });

  it("pauses at a server that cannot save and does not end, and goes on once there is room", async () => {
    await at("r2").exec(
      `systemctl stop redis-server; cp -a /var/lib/redis /root/kept
      mount -t tmpfs -o size=16m,mode=750,uid=redis,gid=redis tmpfs /var/lib/redis
      cp -a /root/kept/. /var/lib/redis/; rm -rf /root/kept; systemctl start redis-server`,
    );
    await deployment.settled();
    const { code, status, error } = await upgradeWith(deployment, TO, {
      step: "replicas[r2:6379].fence",
      happens: () => at("r2").exec("dd if=/dev/zero of=/var/lib/redis/fill bs=64k 2>/dev/null; true"),
    });
    tell(error);
    expect({ code, status, is: error.code }).toEqual({ code: 7, status: "paused", is: "SERVICE_WILL_NOT_STOP" });
    expect(await deployment.cli("r2:6379", "GET", "kept")).toBe("as it was");
    await at("r2").exec("rm /var/lib/redis/fill");
    await goesBack();
  });

  it("pauses where a full sync fails again and again for want of room, and says so", async () => {
    await deployment.cli("r1:6379", "CONFIG", "SET", "repl-backlog-size", "16384");
    const { code, status, error } = await upgradeWith(deployment, TO, {
      step: "replicas[r2:6379].turn",
      happens: async () => {
        await at("r2").exec("dd if=/dev/zero of=/var/lib/redis/fill bs=64k 2>/dev/null; true");
        for (const n of [1, 2, 3]) await deployment.cli("r1:6379", "SET", `large:${n}`, "x".repeat(40_000));
      },
    });
    tell(error);
    expect({ code, status, is: error.code }).toEqual({ code: 7, status: "paused", is: "UPGRADE_SYNC_FAILS" });
    await at("r2").exec("rm /var/lib/redis/fill");
    await goesBack();
    await deployment.cli("r1:6379", "CONFIG", "SET", "repl-backlog-size", "1mb");
  });

  it("pauses while there are two primaries, stops no server that a failover has made the primary, and goes back", async () => {
    const { code, status, error } = await upgradeWith(deployment, TO, {
      step: "replicas[r2:6379].packages",
      happens: () => fleet.partition("r1", "peers"),
    });
    tell(error);
    expect({ code, status }).toEqual({ code: 7, status: "paused" });
    await fleet.heal();
    await deployment.settled(120_000);
    expect(await deployment.primaries()).toEqual(["r3:6379"]);
    const { code: on, said } = await afterwards(deployment, "resume");
    expect({ on, said }).toEqual({ on: 7, said: expect.stringContaining("A failover has made it the primary") });
    await goesBack();
  });

  it("does not switch over by a minority of Sentinels, serves on, and is gone on with once they are back", async () => {
    const others = (await deployment.primaries())[0] === "r1:6379" ? ["r2", "r3"] : ["r1", "r2"];
    const { code, status, error } = await upgradeWith(deployment, TO, {
      step: "unfence",
      happens: () => Promise.all(others.map((name) => at(name).exec("systemctl stop redis-sentinel"))),
    });
    tell(error);
    expect({ code, status }).toEqual({ code: 7, status: "paused" });
    expect(error.next.join()).toMatch(/runs resume/);
    await Promise.all(others.map((name) => at(name).exec("systemctl start redis-sentinel")));
    await deployment.settled(120_000);
    expect(await afterwards(deployment, "resume")).toEqual(BACK);
    for (const line of await standOf(fleet, deployment))
      expect(line).toMatch(/^runs 7\.0\.15, priority 100; ii 5:7\.0\.15/);
  });
});
