import { afterAll, beforeAll, expect, it } from "vitest";
import { doctor, evidenceOf, mend } from "../support/doctor.ts";
import { until } from "../support/until.ts";
import { deploySentinel } from "./harness/deploy-sentinel.ts";
import type { FleetDeployment } from "./harness/deployment.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

const PRIMARY = "r1:6379";

describeOnFleet("doctor on real hosts", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;

  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    // What is broken here is not to be failed over.
    deployment = await deploySentinel(fleet, {
      downAfterMs: 600_000,
      inventory: { firewall: { manager: "ufw" } },
      config: { save: "60 1" },
    });
  });
  afterAll(() => fleet?.down());

  const info = async (id: string, field: string) =>
    new RegExp(`^${field}:(.*)$`, "m").exec(await deployment.cli(id, "INFO"))?.[1]?.trim();

  it("finds nothing where nothing is wrong", async () => {
    const seen = await doctor(deployment.file);
    expect(seen.report).toMatchObject({ diagnoses: [], not_seen: [] });
    expect(seen.report.seen).toMatchObject({ logs: 6, connections: 12 });
  });

  it("tells a way that a firewall closes from a server that is gone, and opens it", async () => {
    const r1 = fleet.host("r1");
    await r1.exec("ufw allow 22 && ufw --force enable");
    await deployment.cli("r2:6379", "CLIENT", "KILL", "TYPE", "master");
    await until(async () => (await info("r2:6379", "master_link_status")) === "down");
    const found = (await doctor(deployment.file, "replica-behind")).report.diagnoses.filter(
      ({ cause }) => cause === "blocked-way",
    );
    const [first] = found.filter(({ subjects }) => subjects[0] === "r2");
    expect(first).toMatchObject({ confidence: "certain", subjects: expect.arrayContaining(["r2", PRIMARY]) });
    if (!first) return;
    expect(evidenceOf(first)).toMatch(/r2 connection to r1:6379, port 6379: no answer within 5 s/);
    // Whether others get through is tried while planning, too.
    await mend(deployment.file, first, { planned: false });
    await until(async () => (await info("r2:6379", "master_link_status")) === "up");
    expect((await doctor(deployment.file, "replica-behind")).causes).toEqual([]);
  });

  it("finds out that a disk is full, and has the server save again once there is room", async () => {
    const r1 = fleet.host("r1");
    await r1.exec(
      "systemctl stop redis-server && mount -t tmpfs -o size=2m,uid=redis,gid=redis tmpfs /var/lib/redis && systemctl start redis-server",
    );
    await until(async () => (await info(PRIMARY, "role").catch(() => "")) === "master");
    const script =
      "for i=1,40 do local s='' for j=1,2000 do s=s..math.random() end redis.call('SET','k'..i,s..string.rep(i,1000)) end";
    await deployment.cli(PRIMARY, "CONFIG", "SET", "rdbcompression", "no");
    for (const _ of [1, 2]) await deployment.cli(PRIMARY, "EVAL", script.replace("'k'", `'${_}:'`), "0");
    await deployment.cli(PRIMARY, "BGSAVE");
    await until(async () => (await info(PRIMARY, "rdb_last_bgsave_status")) === "err");
    const found = (await doctor(deployment.file, "MISCONF")).of("save-failing");
    expect(found.message).toMatch(/its disk is full; every write gets MISCONF/);
    expect(evidenceOf(found)).toMatch(/No space left on device/);
    expect(evidenceOf(found)).toMatch(/r1 disk of \/var\/lib\/redis: .* free/);
    await r1.exec("mount -o remount,size=64m /var/lib/redis");
    await mend(deployment.file, found);
    expect(await deployment.cli(PRIMARY, "SET", "again", "1")).toBe("OK");
  });

  it("tells by the journal of its unit why a server does not start", async () => {
    const r3 = fleet.host("r3");
    await r3.exec("echo 'no-such-directive yes' >>/etc/redis/redis.conf; systemctl restart redis-server || true");
    const found = (await doctor(deployment.file, "--only", "server-down")).of("server-down");
    expect(found).toMatchObject({
      subjects: ["r3:6379"],
      message: expect.stringMatching(/nothing listens on its port/),
    });
    expect(evidenceOf(found)).toMatch(/journalctl -u redis-server\.service: >>> 'no-such-directive yes'/);
  });
});
