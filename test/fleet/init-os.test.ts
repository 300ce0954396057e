import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { preflight } from "../support/preflight.ts";
import { redisha } from "../support/redisha.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

const HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled";

describeOnFleet("hosts that are set up for Redis", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 1 });
    const deployment = {
      topology: "replication",
      hosts: { r1: { address: fleet.host("r1").address } },
      engine: { name: "redis", version: "7.0" },
      redis: { on: ["r1"], port: 6379, initial_primary: "r1" },
      ssh: { user: "ops", port: 22, identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
    };
    file = join(fleet.folder, "redisha.yaml");
    writeFileSync(file, stringify({ version: 1, deployments: { prod: deployment } }));
  });
  afterAll(() => fleet?.down());

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
});
