import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import type { HeldLock } from "../../../src/engine/lock/held-lock.ts";
import { takeLock } from "../../../src/engine/lock/take-lock.ts";
import { Laptop, type LockHosts, startHosts } from "../../support/locks.ts";
import { childrenOf, killAll } from "../../support/sshd.ts";
import { until } from "../../support/until.ts";

/** Short enough to wait for, long enough for a machine that has much to do. */
const LEASE_MS = 4_000;

let hosts: LockHosts;
let alice: Laptop;
let bob: Laptop;
let held: HeldLock[];

beforeEach(async () => {
  hosts = await startHosts(["127.61.2.1", "127.61.2.2", "127.61.2.3"]);
  alice = new Laptop(hosts.deployment, "alice");
  bob = new Laptop(hosts.deployment, "bob");
  held = [];
});

afterEach(async () => {
  await Promise.all(held.map((lock) => lock.release()));
  await Promise.all([alice.close(), bob.close()]);
  await hosts.stop();
});

async function take(laptop: Laptop, run: string, changes: Parameters<Laptop["options"]>[1] = {}): Promise<HeldLock> {
  const lock = await takeLock(laptop.options(run, { leaseMs: LEASE_MS, ...changes }));
  held.push(lock);
  return lock;
}

/** Ends the sshds of hosts with all of their connections. */
function crash(...indexes: number[]): void {
  for (const pid of indexes.map((index) => hosts.sshds[index]?.pid ?? 0)) {
    killAll([...childrenOf(pid), pid]);
  }
}

describe("a lock that is held", () => {
  it("refuses a second laptop with exit 5, and names the run, its user, its machine and the host", async () => {
    await take(alice, "first");
    await expect(take(bob, "second")).rejects.toMatchObject({
      code: "LOCK_HELD",
      exit: 5,
      host: "r1",
      message: expect.stringMatching(/^Run first of user-alice on alice has the lock on r1 since \d{4}-/),
      next: expect.arrayContaining([expect.stringContaining("redisha runs show first")]),
    });
  });

  it("refuses a second run on the same laptop before any host is asked", async () => {
    await take(alice, "first");
    const deaf = { shell: () => Promise.reject(new Error("asked")) };
    await expect(take(alice, "second", deaf)).rejects.toMatchObject({ code: "LOCK_HELD", exit: 5 });
  });

  it("outlives its first lease by its heartbeat", async () => {
    const lock = await take(alice, "first");
    await delay(LEASE_MS * 2);
    await lock.fence();
    lock.stillHeld();
    await expect(take(bob, "second")).rejects.toMatchObject({ code: "LOCK_HELD" });
  });

  it("is free for the next run once it was given back, also twice", async () => {
    const lock = await take(alice, "first");
    await lock.release();
    await lock.release();
    expect([0, 1, 2].map((index) => existsSync(hosts.directory(index)))).toEqual([false, false, false]);
    await expect(lock.fence()).rejects.toMatchObject({ code: "LOCK_LOST", exit: 7 });
    await (await take(bob, "second")).fence();
  });

  it("is waited for where that is asked for", async () => {
    const first = await take(alice, "first");
    const second = take(bob, "second", { onConflict: "wait" });
    await until(async () => bob.warnings.some((line) => line.includes("waiting for the lock: Run first")));
    await first.release();
    await (await second).fence();
  });

  it("stops being waited for when the signal says so", async () => {
    await take(alice, "first");
    const stop = new AbortController();
    const second = take(bob, "second", { onConflict: "wait", signal: stop.signal });
    await until(async () => bob.warnings.length > 0);
    stop.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
  });

  it("is lost, and the run told of it, when somebody removes it from a host", async () => {
    const lock = await take(alice, "first");
    rmSync(hosts.directory(1), { recursive: true });
    await expect(lock.fence()).rejects.toMatchObject({ code: "LOCK_LOST", exit: 7, host: "r2" });
    expect(lock.lost.reason).toMatchObject({ code: "LOCK_LOST" });
  });

  it("is found lost by the heartbeat alone", async () => {
    const lock = await take(alice, "first");
    rmSync(hosts.directory(2), { recursive: true });
    await until(async () => lock.lost.aborted);
    expect(lock.lost.reason).toMatchObject({ code: "LOCK_LOST", host: "r3" });
  });
});

describe("taking", () => {
  it("gives back what it has where a later host is held by somebody else", async () => {
    const third = { hosts: hosts.deployment.hosts.slice(2), scope: "host" as const };
    await take(bob, "first", third);
    await expect(take(alice, "second")).rejects.toMatchObject({ code: "LOCK_HELD", host: "r3" });
    expect([0, 1].map((index) => existsSync(hosts.directory(index)))).toEqual([false, false]);
    await take(alice, "third", { hosts: hosts.deployment.hosts.slice(0, 2), scope: "host" });
  });

  it("leaves out a host that is down, with a warning, while more than half are locked", async () => {
    crash(2);
    const lock = await take(alice, "first");
    await lock.fence();
    expect(alice.warnings.join()).toContain("r3 is not locked");
    await expect(take(bob, "second")).rejects.toMatchObject({ code: "LOCK_HELD" });
  });

  it("is refused where only a minority can be locked, and leaves nothing behind", async () => {
    crash(1, 2);
    await expect(take(alice, "first")).rejects.toMatchObject({ code: "LOCK_NO_MAJORITY", exit: 6 });
    expect(existsSync(hosts.directory(0))).toBe(false);
    await (await take(bob, "second", { allowMinority: true })).fence();
  });

  it("locks this machine alone, and says so once, where no host has SSH", async () => {
    const bare = { hosts: hosts.deployment.hosts.map((host) => ({ ...host, ssh: "none" as const })) };
    const lock = await take(alice, "first", bare);
    await lock.fence();
    expect(alice.warnings).toEqual([expect.stringContaining("no host of")]);
    await expect(take(alice, "second", bare)).rejects.toMatchObject({ code: "LOCK_HELD" });
  });
});

describe("a holder that dies, sleeps or is cut off", () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  /** A run in a process of its own; `ask` has it pass the fence. */
  async function holder(run: string) {
    const about = JSON.stringify({ deployment: hosts.deployment, leaseMs: LEASE_MS, run });
    const child = spawn(process.execPath, [packagePath("test", "support", "lock-holder.ts"), about], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value);
    expect(await next()).toBe("held");
    const ask = async (what = "fence") => {
      child.stdin.write(`${what}\n`);
      return next();
    };
    return { child, ask };
  }

  it("cannot act after it was stopped, its lease ran out and another took over", async () => {
    const { child, ask } = await holder("sleeper");
    expect(await ask()).toBe("passed");
    child.kill("SIGSTOP");
    const lock = await take(bob, "second", { onConflict: "wait" });
    child.kill("SIGCONT");
    expect(await ask("still")).toMatch(/^LOCK_LOST 7 /);
    expect(await ask()).toMatch(/^LOCK_LOST 7 /);
    await lock.fence();
  });

  it("is replaced at once by a resume of the same run on its machine, and by nobody else", async () => {
    const { child } = await holder("killed");
    child.kill("SIGKILL");
    await expect(take(bob, "killed")).rejects.toMatchObject({ code: "LOCK_HELD" });
    const sameMachine = await take(alice, "killed", { controller: "holder" });
    await sameMachine.fence();
  });

  it("is followed by another once its lease has run out, and not before", async () => {
    const { child } = await holder("killed");
    child.kill("SIGKILL");
    await expect(take(bob, "early")).rejects.toMatchObject({ code: "LOCK_HELD" });
    await (await take(bob, "second", { onConflict: "wait" })).fence();
  });

  it("is warned, goes on while the others prove the lock, and locks the host again when it is back", async () => {
    const lock = await take(alice, "first");
    const sshd = hosts.sshds[2];
    killAll(childrenOf(sshd?.pid ?? 0));
    await until(async () => {
      await lock.fence();
      return readFileSync(`${hosts.directory(2)}/owner`, "utf8").includes("run first");
    });
    await delay(LEASE_MS * 1.5);
    await lock.fence();
    await expect(take(bob, "second", { hosts: hosts.deployment.hosts.slice(2), scope: "host" })).rejects.toMatchObject({
      code: "LOCK_HELD",
    });
  });

  it("loses the lock when too many hosts are out of reach for longer than the lease", async () => {
    const lock = await take(alice, "first");
    crash(1, 2);
    await lock.fence();
    await until(async () => lock.lost.aborted);
    await expect(lock.fence()).rejects.toMatchObject({ code: "LOCK_LOST", exit: 7 });
    expect(alice.warnings.join()).toContain("the lock on r2 cannot be renewed");
  });
});
