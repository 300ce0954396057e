import { afterAll, beforeAll, expect, it } from "vitest";
import { doctor, evidenceOf, mend } from "../support/doctor.ts";
import { preflight } from "../support/preflight.ts";
import { until } from "../support/until.ts";
import { deploySentinel } from "./harness/deploy-sentinel.ts";
import type { FleetDeployment } from "./harness/deployment.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";
import { otherClock, pidOf, slowForks, swapOut } from "./odd-hosts.ts";

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
    const room = async () => (await preflight(deployment.file, ["--only", "disk-room"])).of("disk-room", PRIMARY);
    expect(await room()).toMatchObject({
      verdict: "fail",
      measured: expect.stringMatching(/ free in \/var\/lib\/redis, /),
    });
    await r1.exec("mount -o remount,size=64m /var/lib/redis");
    expect(await room()).toMatchObject({ verdict: "pass" });
    await mend(deployment.file, found);
    expect(await deployment.cli(PRIMARY, "SET", "again", "1")).toBe("OK");
  });

  it("finds out that a server is in swap, and forks slowly, and that a clock is off, and sets the hosts up", async () => {
    const [r2, r3] = [fleet.host("r2"), fleet.host("r3")];
    const REPLICA = "r2:6379";
    const clock = await otherClock(fleet, r3);
    await r3.exec("systemctl restart redis-sentinel");
    await until(async () => (await deployment.cli("r3:26379", "PING").catch(() => "")) === "PONG");
    // A Sentinel that runs on sees its clock jump.
    await clock.set(90);
    await r2.exec(
      "sysctl -qw vm.swappiness=60 net.core.somaxconn=128; echo always >/sys/kernel/mm/transparent_hugepage/enabled",
    );
    const unswap = await swapOut(r2, "redis-server", 64);
    const quicken = await slowForks(pidOf(fleet, "r2", "redis-server"), 700);
    await deployment.cli(REPLICA, "BGSAVE");
    await until(async () => Number(await info(REPLICA, "latest_fork_usec")) >= 700_000);
    await quicken();
    await until(async () => /^sentinel_tilt:1/m.test(await deployment.cli("r3:26379", "INFO", "sentinel")));

    const checks = "swap,swappiness,somaxconn,slow-fork,huge-pages,overcommit-memory,clock-skew";
    const look = () => preflight(deployment.file, ["--only", checks]);
    const odd = await look();
    const measured = (check: string, subject: string) => {
      const { verdict, measured: figure } = odd.of(check, subject) ?? {};
      return `${verdict}: ${figure}`;
    };
    expect(measured("swap", REPLICA)).toBe("fail: 64.0 MiB in swap");
    expect(measured("swappiness", "r2")).toBe("fail: vm.swappiness = 60");
    expect(measured("somaxconn", "r2")).toBe("fail: 128, tcp-backlog 511");
    expect(measured("slow-fork", REPLICA)).toMatch(/^fail: \d+(\.\d+)? ?m?s$/);
    expect(measured("huge-pages", "r2")).toBe("fail: always");
    expect(measured("overcommit-memory", "r2")).toBe("fail: vm.overcommit_memory = 0");
    expect(measured("clock-skew", "r3")).toMatch(/^fail: .* ahead/);
    expect(odd.of("swap", "r1:6379")).toMatchObject({ verdict: "pass" });

    const causes = "swapped-out,slow-fork,clock-jump,sentinel-tilt";
    const diagnose = () => doctor(deployment.file, "--only", causes);
    const seen = await diagnose();
    expect(seen.of("swapped-out")).toMatchObject({
      subjects: [REPLICA],
      message: expect.stringMatching(/^64.* of r2:6379 are in swap/),
    });
    expect(evidenceOf(seen.of("slow-fork"))).toMatch(/latest_fork_usec: \d{6,}[\s\S]*r2 transparent_hugepage: always/);
    expect(seen.of("clock-jump")).toMatchObject({
      subjects: ["r3"],
      message: expect.stringMatching(/^The clock of r3 is (8[5-9]|9\d)\d{3} ms ahead/),
    });
    expect(evidenceOf(seen.of("clock-jump"))).toMatch(/r3:26379 log .*\+tilt/);
    expect(seen.of("sentinel-tilt")).toMatchObject({ subjects: ["r3:26379"] });

    await mend(deployment.file, seen.of("slow-fork"));
    // What init-os cannot: a process comes out of swap when it starts anew, and who keeps clocks right is to be installed.
    await unswap();
    await r2.exec("systemctl restart redis-server");
    await clock.keep();
    await r3.exec("systemctl restart redis-sentinel");
    await deployment.settled();
    // Nobody keeps the clock of this machine right, perhaps, but that of r3; and on a busy one an answer may come too late to be one.
    const amiss = async () =>
      (await look()).report.checks
        .flatMap(({ check, results }) => results.map((result) => ({ check, ...result })))
        .filter(({ check, subject, verdict }) =>
          check === "clock-skew" && subject !== "r3" ? verdict === "fail" : verdict !== "pass",
        )
        .map(({ check, subject, measured: figure }) => `${check} ${subject}: ${figure}`);
    await expect.poll(amiss, { timeout: 240_000, interval: 1_000 }).toEqual([]);
    const left = async () => (await diagnose()).causes.filter((cause) => cause !== "sentinel-tilt");
    await expect.poll(left, { timeout: 240_000, interval: 1_000 }).toEqual([]);
    // Eight commands and three restarts, on a machine that others may keep busy.
  }, 900_000);

  it("tells of a server that was killed, where a host sees nothing of its kernel", async () => {
    const r2 = fleet.host("r2");
    await r2.exec("kill -9 $(systemctl show -p MainPID --value redis-server)");
    const whole = async () => (await doctor(deployment.file, "--only", "killed-by-kernel")).report.diagnoses[0];
    await until(async () => (await whole()) !== undefined);
    const found = await whole();
    expect(found).toMatchObject({ confidence: "possible", subjects: ["r2"] });
    expect(found && evidenceOf(found)).toMatch(/r2 systemd: redis-server\.service: .*code=killed, status=9\/KILL/);
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
