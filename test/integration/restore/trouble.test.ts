import { execFileSync } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackedUpLab, backedUpLab, dataFolder } from "../../support/backed-up-lab.ts";
import { until } from "../../support/until.ts";

const NODES = ["r1:6379", "r2:6379"];
const KEYS = 200;

let place: BackedUpLab;

beforeAll(async () => {
  place = await backedUpLab({ topology: "replication", replicas: 1 });
  const { lab } = place;
  for (let n = 0; n < KEYS; n += 1) await lab.cli("r1:6379", "SETRANGE", `key:${n}`, "20000", crypto.randomUUID());
  for (let n = 0; n < 3; n += 1) await lab.cli("r1:6379", "SET", `soon:${n}`, "gone", "PX", "86400000");
  await inStep();
  expect((await place.run("backup")).error).toBeNull();
});
afterAll(() => place[Symbol.asyncDispose]());

/** The replica holds what the primary does. */
const inStep = () =>
  until(async () => {
    const [here, there] = await Promise.all(NODES.map((id) => place.lab.cli(id, "DBSIZE").catch(() => "none")));
    return here === there;
  });

const pids = () =>
  Promise.all(
    NODES.map(async (id) => /process_id:(\d+)/.exec(await place.lab.cli(id, "INFO", "server"))?.[1] ?? "gone"),
  );
const left = async () =>
  (await Promise.all(NODES.map((id) => readdir(dataFolder(place.lab, id)))))
    .flat()
    .filter((name) => name.startsWith(".redisha-restore"));

/** Ends every sshd session of a host, and no listener: what a cut line does to whoever is logged in. */
async function cutLine(host: string): Promise<number> {
  const listener = (await place.lab.ps()).find((each) => each.service === "sshd" && each.host === host)?.pid;
  const children = await readFile(`/proc/${listener}/task/${listener}/children`, "utf8");
  let cut = 0;
  for (const pid of children.trim().split(" ").filter(Boolean).map(Number)) {
    try {
      process.kill(pid, "SIGKILL");
      cut += 1;
    } catch {
      // One that was over by itself.
    }
  }
  return cut;
}

describe("a restore", () => {
  // Trap 8: a server that loads answers, and is not up. Trap 25: what has expired since is not missing.
  it("waits for a server that loads slowly, and does not miss what has expired since it was saved", async () => {
    const { lab, run } = place;
    for (let n = 0; n < 3; n += 1) await lab.cli("r1:6379", "SET", `soon:${n}`, "gone", "PX", "1500");
    expect((await run("backup")).error).toBeNull();
    await until(async () => (await lab.cli("r1:6379", "EXISTS", "soon:0", "soon:1", "soon:2")) === "0");
    for (const id of NODES) {
      const conf = join(dataFolder(lab, id), "..", "redis.conf");
      execFileSync("sh", [
        "-c",
        'printf "key-load-delay 5000\\nloading-process-events-interval-bytes 1024\\n" >>"$1"',
        "sh",
        conf,
      ]);
    }
    const done = await run("restore");
    expect(done.error).toBeNull();
    expect(done).toMatchObject({ outputs: { keys: { "r1:6379": { outputs: { keys: KEYS } } } } });
    for (const id of NODES) expect(Number(await lab.cli(id, "DBSIZE"))).toBe(KEYS);
  });

  it.each([
    ["while the snapshot is brought over", "restore.stage"],
    ["while everything is stopped", "restore.set_aside"],
    ["while the snapshot is put in", "restore.install"],
  ])("whose line is cut %s comes to its end, or puts back what was there", async (_when, action) => {
    const { lab, run } = place;
    await lab.cli("r1:6379", "SET", "is", action);
    // Two servers are worked on at the same time.
    let cutting: Promise<number> | undefined;
    const hook = async () => {
      cutting ??= cutLine("r1");
      await cutting;
    };
    const ended = await run("restore", {}, { before: { [action]: hook } });
    expect(await cutting).toBeGreaterThan(0);
    expect(["done", "rolled_back"]).toContain(ended.status);
    await inStep();
    expect(await lab.cli("r1:6379", "GET", "is")).toBe(ended.status === "done" ? "" : action);
    expect(await left()).toEqual([]);
    await lab.cli("r1:6379", "DEL", "is");
  });

  it.skipIf(process.getuid?.() !== 0)(
    "for which there is no room any more stops nothing, and leaves nothing",
    async () => {
      const { lab, run } = place;
      await lab.kill("r2:6379");
      const folder = dataFolder(lab, "r2:6379");
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder]);
      try {
        await lab.restart("r2:6379");
        await inStep();
        const before = await pids();
        expect((await run("restore")).error?.message).toMatch(/r2:6379: \S+ MiB of disk are needed .* are free/);
        execFileSync("mount", ["-o", "remount,size=160m", folder]);
        const filler = join(folder, "filler");
        const fill = () => {
          try {
            execFileSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=64K"], { stdio: "ignore" });
          } catch {
            // That is how it ends where the disk is full.
          }
        };
        const ended = await run("restore", {}, { before: { "restore.stage": fill } });
        expect(ended.status).toBe("rolled_back");
        expect(ended.error?.message).toMatch(/No space left/);
        expect(await pids()).toEqual(before);
        expect(await left()).toEqual([]);
        await rm(filler);
      } finally {
        await lab.kill("r2:6379");
        execFileSync("umount", ["-l", folder]);
      }
    },
  );
});
