import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { Journal } from "../../../src/engine/journal.ts";
import type { HeldLock } from "../../../src/engine/lock/held-lock.ts";
import { takeLock } from "../../../src/engine/lock/take-lock.ts";
import { unlockResultSchema } from "../../../src/use-cases/lock-views.ts";
import { operator } from "../../../src/use-cases/operator.ts";
import { Laptop, type LockHosts, startHosts } from "../../support/locks.ts";
import { redisha } from "../../support/redisha.ts";

const LEASE_MS = 60_000;

let hosts: LockHosts;
let alice: Laptop;
let file: string;
let lock: HeldLock;

beforeAll(async () => {
  hosts = await startHosts(["127.61.3.1", "127.61.3.2"]);
});

afterAll(() => hosts.stop());

beforeEach(async () => {
  alice = new Laptop(hosts.deployment, "alice");
  file = `${alice.state}/redisha.yaml`;
  writeFileSync(file, inventory());
  lock = await takeLock(alice.options("first", { leaseMs: LEASE_MS }));
});

afterEach(async () => {
  await lock.release();
  await alice.close();
});

/** `redisha unlock` on another laptop, or with `state` on that of the holder. */
async function unlock(argv: readonly string[], state?: string) {
  const env = state === undefined ? {} : { REDISHA_STATE_DIR: state };
  const ended = await redisha(["unlock", "--file", file, "--json", ...argv], { env });
  const { exit, result, error } = z
    .looseObject({
      exit: z.int(),
      result: unlockResultSchema.nullish(),
      error: z.looseObject({ code: z.string() }).nullish(),
    })
    .parse(JSON.parse(ended.stdout));
  expect(ended.code).toBe(exit);
  return { exit, result, error };
}

const present = () => hosts.sshds.map((_, index) => existsSync(hosts.directory(index)));

describe("redisha unlock", () => {
  it("shows on each host who has the lock, from where, and how long the lease still runs", async () => {
    const { exit, result } = await unlock([]);
    expect(exit).toBe(0);
    expect(result?.hosts.map(({ host, state, run, user, controller }) => [host, state, run, user, controller])).toEqual(
      [
        ["r1", "live", "first", "user-alice", "alice"],
        ["r2", "live", "first", "user-alice", "alice"],
      ],
    );
    expect(result?.hosts[0]?.lease_left_ms).toBeGreaterThan(0);
    expect(result?.local).toEqual([]);
  });

  it("shows the process on the machine of the holder, and prints the same for people", async () => {
    expect((await unlock([], alice.state)).result?.local[0]).toMatchObject({
      run: "first",
      pid: process.pid,
      state: "live",
    });
    const { stdout } = await redisha(["unlock", "--file", file], { env: { REDISHA_STATE_DIR: alice.state } });
    expect(stdout).toMatch(/r1\s+live\s+first\s+user/);
    expect(stdout).toContain(`on this machine: first of user-alice, process ${process.pid}`);
  });

  it("says that nothing is locked once it was given back", async () => {
    await lock.release();
    const { stdout, code } = await redisha(["unlock", "--file", file]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("is not locked")]);
  });

  it("refuses a live lock with exit 4, and leaves it", async () => {
    const { exit, error } = await unlock(["--run", "first"]);
    expect([exit, error?.code]).toEqual([4, "LOCK_LIVE"]);
    expect(present()).toEqual([true, true]);
    await lock.fence();
  });

  it("wants the deployment's name for a live lock even with --force", async () => {
    const { exit, error } = await unlock(["--run", "first", "--force"]);
    expect([exit, error?.code]).toEqual([4, "NOT_CONFIRMED"]);
    expect(present()).toEqual([true, true]);
  });

  it("removes a live lock by force, which the holder notices before it does anything more", async () => {
    const argv = ["--run", "first", "--force", `--confirm=${hosts.deployment.name}`];
    const { exit, result } = await unlock(argv, alice.state);
    expect(exit).toBe(0);
    expect(result?.removals.map(({ host, outcome }) => [host, outcome])).toEqual([
      ["r1", "removed"],
      ["r2", "removed"],
      ["this machine", "removed"],
      ["this machine", "removed"],
    ]);
    await expect(lock.fence()).rejects.toMatchObject({ code: "LOCK_LOST", exit: 7 });
    expect((await unlock(argv)).result?.removals.map(({ outcome }) => outcome)).toEqual(["none", "none"]);
  });

  it("leaves the locks of other runs alone", async () => {
    const { exit, result } = await unlock(["--run", "another", "--force", `--confirm=${hosts.deployment.name}`]);
    expect([exit, result?.removals.map(({ outcome }) => outcome)]).toEqual([2, ["none", "none"]]);
    await lock.fence();
  });

  it("says with exit 2 that there is no such lock, and with exit 0 that a run known here has none any more", async () => {
    await lock.release();
    const refused = await redisha(["unlock", "--file", file, "--run", "nope"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("Error LOCK_NOT_FOUND");
    expect((await unlock(["--run", "nope"])).error?.code).toBe("LOCK_NOT_FOUND");
    mkdirSync(`${alice.state}/runs`, { recursive: true });
    writeFileSync(`${alice.state}/runs/ended.jsonl`, "");
    expect((await unlock(["--run", "ended"], alice.state)).exit).toBe(0);
  });

  it("removes what a dead run left, without a question", async () => {
    await lock.release();
    mkdirSync(hosts.directory(0));
    writeFileSync(
      `${hosts.directory(0)}/owner`,
      "run dead\ntoken t\nuser u\ncontroller c\nstarted s\nclock old-boot\nlease_ms 9\nlease_end 9\n",
    );
    expect((await unlock([])).result?.hosts.map(({ state }) => state)).toEqual(["stale", "free"]);
    expect((await unlock(["--run", "dead"])).exit).toBe(0);
    expect(present()).toEqual([false, false]);
  });
});

describe("the lock of a run that is over, and did not give it back", () => {
  /** Leaves the journal of a run that came to its end, written by this process or by one of an earlier boot. */
  async function over(writer: { readonly boot?: string } = {}): Promise<void> {
    const journal = await Journal.create(alice.state, "first");
    await journal.append({
      kind: "run_started",
      schema: 1,
      run: "first",
      started_at: new Date().toISOString(),
      runbook: "restart",
      version: "1.0.0",
      ref: "builtin:restart",
      digest: "",
      deployment: hosts.deployment.name,
      inventory: file,
      inputs: {},
      ...operator(),
      ...writer,
    });
    await journal.append({ kind: "run_finished", status: "done", exit: 0 });
    await journal.close();
  }
  async function resume() {
    const argv = ["runs", "resume", "first", "--json"];
    const { stdout } = await redisha(argv, { env: { REDISHA_STATE_DIR: alice.state } });
    const { code, state } = JSON.parse(stdout).error;
    return { code, state };
  }

  it("is given back by a resume where its process was killed, so that the next command does not meet it", async () => {
    await over({ boot: "an earlier one" });
    const state = "its process ended before it could give its lock back; that was done now, on r1, r2, this machine";
    expect(await resume()).toEqual({ code: "RUN_OVER", state });
    expect(present()).toEqual([false, false]);
  });

  it("is left to its process where that still lives: it is about to give it back", async () => {
    await over();
    expect(await resume()).toEqual({ code: "RUN_OVER", state: "nothing was touched" });
    expect(present()).toEqual([true, true]);
    await lock.fence();
  });
});

function inventory(): string {
  const { sshds, deployment } = hosts;
  const lines = sshds.map(
    ({ host, address, port, identity, knownHosts, user }) =>
      `      ${host}: { address: ${address}, ssh: { user: ${user}, port: ${port}, identity: ${identity}, known_hosts: ${knownHosts}, become: none } }`,
  );
  return [
    "version: 1",
    "deployments:",
    `  ${deployment.name}:`,
    "    topology: replication",
    "    hosts:",
    ...lines,
    "    redis: { on: [r1, r2], initial_primary: r1 }",
    "",
  ].join("\n");
}
