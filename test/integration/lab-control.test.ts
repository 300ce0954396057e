import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PARTITION, partitionName, partitionOf, STANDS, wordsOf } from "../../src/actions/fault/partition-rules.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { labDown } from "../../src/lab/down.ts";
import { labKill } from "../../src/lab/kill.ts";
import { labPs } from "../../src/lab/ps.ts";
import { labUp } from "../../src/lab/up.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { processesNaming } from "../support/processes.ts";
import { said, signal, startSwitchover } from "../support/signalled.ts";

const quiet = (): void => {};
const small = { topology: "replication", replicas: 1, ssh: false, engine: "redis-7.0" } as const;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "redisha-test-labs-"));
});
afterEach(async () => {
  await labDown({ root, all: true });
  await rm(root, { recursive: true, force: true });
});

describe("kill and restart", () => {
  test("a killed process stays dead until it is restarted, and comes back with its data", async () => {
    await using lab = await bringUpLab({ topology: "replication", config: { appendonly: "yes" } });
    await lab.cli("r1:6379", "SET", "kept", "yes");
    const [killed] = await lab.kill("r1:6379");
    expect(killed).toMatchObject({ id: "r1:6379", signal: "SIGKILL", pid: pidOf(lab, "r1:6379") });
    expect(await stateOf(lab, "r1:6379")).toBe("dead");
    const [restarted] = await lab.restart("r1:6379");
    expect(restarted).toMatchObject({ id: "r1:6379", was_running: false });
    expect(restarted?.pid).not.toBe(killed?.pid);
    expect(await lab.cli("r1:6379", "GET", "kept")).toBe("yes");
  });

  test("a host is all of its processes, and no other's", async () => {
    await using lab = await bringUpLab();
    expect((await lab.kill("r2")).map((each) => each.id)).toEqual(["r2:2222", "r2:6379", "r2:26379"]);
    const dead = (await lab.ps()).filter((each) => each.state === "dead").map((each) => each.host);
    expect(dead).toEqual(["r2", "r2", "r2"]);
    await lab.restart("r2");
    expect((await lab.ps()).filter((each) => each.state !== "running")).toEqual([]);
  });

  test("SIGSTOP hangs a process, SIGCONT wakes it, and a restart ends a hung one too", async () => {
    await using lab = await bringUpLab({ topology: "replication" });
    await lab.kill("r2:6379", "SIGSTOP");
    expect(await stateOf(lab, "r2:6379")).toBe("stopped");
    await lab.kill("r2:6379", "SIGCONT");
    expect(await stateOf(lab, "r2:6379")).toBe("running");
    await lab.kill("r2:6379", "SIGSTOP");
    expect(await lab.restart("r2:6379")).toMatchObject([{ was_running: true }]);
    expect(await stateOf(lab, "r2:6379")).toBe("running");
  });

  test("a process that is not there, or not running, is refused by name", async () => {
    await labUp({ ...small, root }, quiet);
    await expect(labKill({ root, targets: ["r3"] })).rejects.toMatchObject({ code: "LAB_TARGET_UNKNOWN", exit: 2 });
    await labKill({ root, targets: ["r2"] });
    await expect(labKill({ root, targets: ["r2"] })).rejects.toMatchObject({ code: "LAB_NOT_RUNNING", exit: 1 });
    await expect(labKill({ root, name: "other", targets: ["r1"] })).rejects.toMatchObject({ code: "LAB_NOT_FOUND" });
  });
});

describe("several labs", () => {
  test("stand side by side on addresses of their own, and one goes without the other", async () => {
    const [one, two] = await Promise.all([
      labUp({ ...small, root, name: "one" }, quiet),
      labUp({ ...small, root, name: "two" }, quiet),
    ]);
    const addresses = [...one.processes, ...two.processes].map((each) => each.address);
    expect(new Set(addresses).size).toBe(4);
    expect((await labPs({ root })).map((lab) => lab.name)).toEqual(["one", "two"]);
    await labDown({ root, name: "one" });
    expect((await labPs({ root })).map((lab) => lab.processes.map((each) => each.state))).toEqual([
      ["running", "running"],
    ]);
    expect((await labDown({ root, all: true })).map((lab) => lab.name)).toEqual(["two"]);
    expect(processesNaming(root)).toEqual([]);
    expect(await readdir(root)).toEqual([]);
  });

  test("of one name at the same time are refused, and the first is not disturbed", async () => {
    const outcomes = await Promise.allSettled([labUp({ ...small, root }, quiet), labUp({ ...small, root }, quiet)]);
    const refused = outcomes.filter((each) => each.status === "rejected").map((each) => each.reason);
    expect(refused).toMatchObject([{ code: "LAB_BUSY", exit: 5 }]);
    expect(await running()).toBe(2);
  });
});

describe("up where there is a lab already", () => {
  test("is refused, and says how to go on", async () => {
    await labUp({ ...small, root }, quiet);
    await expect(labUp({ ...small, root }, quiet)).rejects.toMatchObject({
      code: "LAB_EXISTS",
      next: expect.arrayContaining(["redisha lab down --name lab"]),
    });
    expect(await running()).toBe(2);
  });

  test("takes it with --reuse, starting what is dead in it", async () => {
    const first = await labUp({ ...small, root }, quiet);
    await labKill({ root, targets: ["r2:6379"] });
    const again = await labUp({ ...small, root, reuse: true }, quiet);
    expect(again).toMatchObject({ reused: true, folder: first.folder });
    expect(again.processes.map((each) => each.state)).toEqual(["running", "running"]);
    expect(again.processes[0]?.pid).toBe(first.processes[0]?.pid);
  });

  test("does not take one of another shape, and names the difference", async () => {
    await labUp({ ...small, root }, quiet);
    const other = labUp({ ...small, root, reuse: true, auth: "acl" }, quiet);
    await expect(other).rejects.toThrow(/differs in auth$/);
  });
});

describe("what goes wrong", () => {
  test("a server that refuses its configuration is shown with its last words, and nothing is left", async () => {
    const up = labUp({ ...small, root, config: { "no-such-directive": "1" } }, quiet);
    await expect(up).rejects.toMatchObject({
      code: "LAB_PROCESS_DIED",
      message: expect.stringContaining("no-such-directive"),
    });
    expect(await readdir(root)).toEqual([]);
    expect(processesNaming(root)).toEqual([]);
  });

  test("a port that is taken on all addresses is named", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "0.0.0.0", () => {
        const address = server.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
    const up = labUp({ ...small, root, ports: { redis: port } }, quiet);
    await expect(up).rejects.toMatchObject({
      code: "LAB_PORT_TAKEN",
      message: expect.stringContaining(`port ${port}`),
    });
    server.close();
    expect(await readdir(root)).toEqual([]);
  });

  test.each([
    [{ sentinels: 0 }, "at least one Sentinel"],
    [{ topology: "cluster", primaries: 2 }, "at least three primaries"],
    [{ topology: "replication", sentinels: 3 }, "has no Sentinels"],
    [{ topology: "cluster", subReplica: true }, "no sub-replicas"],
    [{ replicas: 300 }, "too many"],
  ] as const)("a shape that makes no sense is refused: %o", async (shape, why) => {
    await expect(labUp({ ...small, topology: "sentinel", root, ...shape }, quiet)).rejects.toThrow(why);
    expect(await readdir(root)).toEqual([]);
  });

  test.each(["nft", "iptables"] as const)("down takes the partitions of drills away that %s holds", async (tool) => {
    const lab = await bringUpLab();
    const [deployment] = (await loadInventory(lab.file)).deployments;
    const [victim] = deployment?.instances ?? [];
    if (!deployment || !victim) throw new Error("the lab has no instances");
    execFileSync("sh", ["-c", PARTITION, "sh", ...wordsOf(tool, "peers", partitionOf(deployment, victim))]);
    const stands = () => execFileSync("sh", ["-c", STANDS, "sh", partitionName(victim)], { encoding: "utf8" });
    expect(stands()).toBe("stands yes\n");
    await lab.down();
    expect(stands()).toBe("stands no\n");
  });

  test("down takes the locks of hosts away that a killed run holds", async () => {
    const lab = await bringUpLab();
    const child = startSwitchover(lab);
    await said(child, /"step_started"/);
    await signal(child, "SIGKILL");
    const [first = ""] = lab.status.processes.map(({ address }) => address);
    const locks = async () => (await readdir("/run/lock/redisha")).filter((name) => name.endsWith(`@${first}`));
    expect(await locks()).toHaveLength(1);
    await lab.down();
    expect(await locks()).toEqual([]);
  });

  test("down removes no folder that is not a lab's", async () => {
    await mkdir(join(root, "photos"));
    await writeFile(join(root, "photos", "one.jpg"), "");
    await expect(labDown({ root, name: "photos" })).rejects.toMatchObject({ code: "LAB_FOLDER_FOREIGN" });
    await expect(labUp({ ...small, root, name: "photos" }, quiet)).rejects.toMatchObject({
      code: "LAB_FOLDER_FOREIGN",
    });
    expect(await labDown({ root, all: true })).toEqual([]);
    expect(existsSync(join(root, "photos", "one.jpg"))).toBe(true);
  });

  test("down without a lab is no error, and down twice neither", async () => {
    expect(await labDown({ root })).toEqual([]);
    await labUp({ ...small, root }, quiet);
    expect(await labDown({ root })).toMatchObject([{ name: "lab", processes_ended: 2 }]);
    expect(await labDown({ root })).toEqual([]);
  });
});

async function running(): Promise<number> {
  return (await labPs({ root })).flatMap((lab) => lab.processes).filter((each) => each.state === "running").length;
}

async function stateOf(lab: TestLab, id: string): Promise<string | undefined> {
  return (await lab.ps()).find((each) => each.id === id)?.state;
}

function pidOf(lab: TestLab, id: string): number | null | undefined {
  return lab.status.processes.find((each) => each.id === id)?.pid;
}
