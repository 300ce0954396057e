import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { preflight } from "../support/preflight.ts";
import { redisha } from "../support/redisha.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";
import { offerPool } from "./harness/releases.ts";
import { ownClock } from "./odd-hosts.ts";

const TIME_SERVERS = "/etc/systemd/timesyncd.conf.d/50-redisha.conf";
const HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled";

/** What of the system is not as init-os has it, as `init --drift` asks for it. */
const LOOK = `
apiVersion: redisha/v1
kind: Runbook
metadata: { name: look, version: "1.0.0", description: Look at the system }
requires: { answers: false }
steps:
  - { id: system, action: host.compare, targets: { role: any, per: host }, with: {} }
outputs: { systems: steps.system.hosts }
`;

describeOnFleet("hosts that are set up for Redis", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 1 });
    file = join(fleet.folder, "redisha.yaml");
    declare({});
  });
  afterAll(() => fleet?.down());

  const declare = (more: Record<string, unknown>) => {
    const deployment = {
      topology: "replication",
      hosts: { r1: { address: fleet.host("r1").address } },
      engine: { name: "redis", version: "7.0" },
      redis: { on: ["r1"], port: 6379, initial_primary: "r1" },
      ssh: { user: "ops", port: 22, identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { prod: { ...deployment, ...more } } }));
  };

  const run = (...more: string[]) => redisha(["run", "init-os", "--file", file, ...more]);
  const kernel = () =>
    fleet.host("r1").exec(`sysctl -n vm.overcommit_memory vm.swappiness | grep . ; cat ${HUGE_PAGES}`);

  const checks = ["--only", "overcommit-memory,huge-pages"];

  it("fail preflight as they come", async () => {
    const { verdicts } = await preflight(file, checks);
    expect(verdicts).toEqual({ "overcommit-memory": "fail", "huge-pages": "fail" });
  });

  it("are left alone by a dry run", async () => {
    const before = await kernel();
    expect((await run("--dry-run")).code).toBe(0);
    expect(await kernel()).toBe(before);
    expect(await fleet.host("r1").exec("ls /etc/sysctl.d")).not.toContain("redisha");
  });

  it("have the values now and after a reboot, and nothing is left to do", async () => {
    expect(await run("--yes")).toMatchObject({ code: 0 });
    expect(await kernel()).toBe("1\n1\nalways madvise [never]");
    await fleet.reboot("r1");
    expect(await kernel()).toBe("1\n1\nalways madvise [never]");
    const { stdout } = await run("--yes", "-o", "jsonl");
    expect(stdout).not.toContain('"status":"changed"');
    expect(stdout).toContain("it may not set its clock (systemd-nspawn)");
    expect((await preflight(file, checks)).verdicts).toEqual({ "overcommit-memory": "pass", "huge-pages": "pass" });
  });

  it("get back what somebody has changed by hand", async () => {
    await fleet.host("r1").exec(`sysctl -w vm.swappiness=7 && echo madvise >${HUGE_PAGES}`);
    expect(await run("--yes")).toMatchObject({ code: 0 });
    // What stands in for the kernel here is still about to answer with all three words.
    expect(await kernel()).toMatch(/^1\n1\n(always madvise \[never\]|never)$/);
  });

  it("are mended by preflight --fix, and pass from then on", async () => {
    await fleet.host("r1").exec("sysctl -w vm.overcommit_memory=0");
    const only = ["--only", "overcommit-memory"];
    expect(await preflight(file, [...only, "--fix"])).toMatchObject({ exit: 0 });
    expect((await preflight(file, only)).verdicts).toEqual({ "overcommit-memory": "pass" });
  });

  const time = () =>
    fleet
      .host("r1")
      .exec("systemctl is-active systemd-timesyncd; systemctl is-enabled systemd-timesyncd 2>/dev/null; true");
  const said = ({ stdout, stderr }: Awaited<ReturnType<typeof redisha>>) => `${stdout} ${stderr}`;

  it("get a time service where nothing keeps their clock right, and then nothing is left to do", async () => {
    await ownClock(fleet.host("r1"));
    await offerPool(fleet.host("r1"), "bookworm-extras");
    declare({ time: { servers: ["10.9.9.9", "ntp.example"] } });
    const ran = await run("--yes");
    expect(ran.code, said(ran)).toBe(0);
    expect(await time()).toBe("active\nenabled");
    expect(await fleet.host("r1").exec(`cat ${TIME_SERVERS}`)).toMatch(/^NTP=10\.9\.9\.9 ntp\.example$/m);
    expect(said(await run("--yes", "-o", "jsonl"))).not.toContain('"status":"changed"');
  });

  it("have a stopped one started again, other servers told to it, and what was there before put back", async () => {
    await fleet.host("r1").exec("systemctl disable --now systemd-timesyncd");
    declare({});
    const look = join(fleet.folder, "look.yaml");
    writeFileSync(look, LOOK);
    const drift = await redisha(["run", look, "--file", file, "--json"]);
    const differences = JSON.parse(drift.stdout).result.outputs.systems.r1.outputs.differences;
    expect(differences.map(({ name, was }: { name: string; was: string }) => [name, was])).toEqual([
      ["systemd-timesyncd.service", "disabled, inactive"],
      [TIME_SERVERS, "root:root 0644, other content"],
    ]);
    const ran = await run("--yes", "--json");
    expect(ran.code, said(ran)).toBe(0);
    expect(await time()).toBe("active\nenabled");
    expect(await fleet.host("r1").exec(`cat ${TIME_SERVERS}`)).not.toContain("NTP=");
    const id = JSON.parse(ran.stdout).result.run;
    const back = await redisha(["runs", "rollback", id, "--file", file, "--yes"]);
    expect(back.code, said(back)).toBe(0);
    expect(await time()).toBe("inactive\ndisabled");
    expect(await fleet.host("r1").exec(`cat ${TIME_SERVERS}`)).toContain("NTP=");
  });
});
