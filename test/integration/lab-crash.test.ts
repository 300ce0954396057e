import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { labDown } from "../../src/lab/down.ts";
import { labPs } from "../../src/lab/ps.ts";
import { labUp } from "../../src/lab/up.ts";
import { processesNaming } from "../support/processes.ts";
import { until } from "../support/until.ts";

const lab = { tls: true, auth: "acl", engine: "redis-7.0" } as const;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "redisha-test-crash-"));
});
afterEach(async () => {
  await labDown({ root, all: true });
  await rm(root, { recursive: true, force: true });
});

describe("after kill -9 of up", () => {
  // Up takes about half a second: before anything, amid keys and certificates, amid starting, amid waiting, after it.
  test.each([0, 40, 80, 120, 160, 200, 250, 300, 400, 550])("%i ms in, down leaves nothing behind", async (delay) => {
    await killUpAfter(delay);
    await labDown({ root });
    expect(processesNaming(root)).toEqual([]);
    expect(await readdir(root)).toEqual([]);
    expect(await claimsOn(root)).toEqual([]);
  });

  test("up clears away what it finds and builds the lab anew", async () => {
    await killUpAfter(250);
    const result = await labUp({ ...lab, root }, () => {});
    expect(result.processes.filter((each) => each.state !== "running")).toEqual([]);
  });
});

test("the lab outlives the process that made it, and what an SSH session left running ends with it", async () => {
  const up = startUp();
  await once(up, "exit");
  const [status] = await labPs({ root });
  expect(status?.processes.filter((each) => each.state !== "running")).toEqual([]);
  const ssh = spawn("ssh", [
    ...["-F", join(root, "lab", "ssh", "config"), "r1"],
    "setsid sleep 1234 </dev/null >/dev/null 2>&1 & echo started",
  ]);
  await once(ssh, "exit");
  await until(async () => processesNaming(root).some((command) => command.includes("sleep 1234")));
  await labDown({ root });
  expect(processesNaming(root)).toEqual([]);
});

test("a server that was started again by other means ends with the lab", async () => {
  await labUp({ ...lab, root }, () => {});
  const cwd = join(root, "lab", "hosts", "r1", "6379", "data");
  const again = spawn("sleep", ["4321"], { cwd, detached: true, stdio: "ignore", env: {} });
  const ended = once(again, "exit");
  await labDown({ root });
  expect((await ended)[1]).toBe("SIGKILL");
});

test("an aborted up takes down again what it had started", async () => {
  const abort = new AbortController();
  const up = labUp({ ...lab, root, engine: "redis-6.0" }, () => {}, abort.signal);
  await until(async () => processesNaming(root).some((command) => command.includes("redis-server")));
  abort.abort(new Error("enough"));
  await expect(up).rejects.toThrow("enough");
  expect(processesNaming(root)).toEqual([]);
  expect(await readdir(root)).toEqual([]);
});

async function killUpAfter(delay: number): Promise<void> {
  const up = startUp();
  await once(up.stdout, "data");
  await sleep(delay);
  up.kill("SIGKILL");
  if (up.exitCode === null && up.signalCode === null) await once(up, "exit");
}

/** Up in a process of its own, which says when it begins. */
function startUp() {
  const script = `
    const { labUp } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/lab/up.ts"))});
    console.log("begins");
    await labUp(${JSON.stringify({ ...lab, root })}, () => {});
  `;
  return spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Networks that are still claimed for a lab in `root`. */
async function claimsOn(folder: string): Promise<string[]> {
  const claims = join(tmpdir(), `redisha-lab-networks-${userInfo().uid}`);
  const names = await readdir(claims).catch(() => []);
  const owners = await Promise.all(names.map((name) => readFile(join(claims, name), "utf8").catch(() => "")));
  return owners.filter((owner) => owner.startsWith(folder));
}
