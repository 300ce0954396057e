import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ControllerLock, controllerEntries } from "../../../src/engine/lock/controller-lock.ts";
import { controllerLockFolder, targetLockName } from "../../../src/engine/lock/lock-name.ts";
import { isAlive, thisProcess } from "../../../src/engine/lock/process-identity.ts";
import { SuspendClock } from "../../../src/engine/lock/suspend-clock.ts";
import type { Host } from "../../../src/inventory/model.ts";
import { deploymentOf } from "../../support/locks.ts";

/** Above the largest pid that Linux gives. */
const NO_SUCH_PID = 2 ** 22 + 1;

const hosts: Host[] = ["r1", "r2"].map((name) => ({ name, address: `10.0.0.${name.slice(1)}`, ssh: "none" }));
const shop = deploymentOf("shop", hosts);

describe("the name of a lock on a host", () => {
  it("is a single, safe and short name of a file, whatever things are called", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        fc.string(),
        (deployment, name, address) => {
          const file = targetLockName(deployment, { name, address });
          expect(file).toMatch(/^[A-Za-z0-9_.%@-]+$/);
          expect(file).not.toMatch(/^\./);
          expect(file.length).toBeLessThan(220);
        },
      ),
    );
  });

  it("tells apart whatever differs in deployment, host or address", () => {
    const text = fc.string({ unit: "binary", maxLength: 90 });
    const what = fc.tuple(text, text, text);
    fc.assert(
      fc.property(what, what, (a, b) => {
        fc.pre(a.join("\0") !== b.join("\0") && a.concat(b).every((each) => each.isWellFormed()));
        const nameOf = ([deployment, name, address]: typeof a) => targetLockName(deployment, { name, address });
        expect(nameOf(a)).not.toBe(nameOf(b));
      }),
    );
  });

  it("keeps unrelated deployments of the same name apart on a machine", () => {
    const other = deploymentOf("shop", [{ name: "r1", address: "10.9.9.9", ssh: "none" }]);
    expect(controllerLockFolder(other)).not.toBe(controllerLockFolder(shop));
    expect(controllerLockFolder({ ...shop, hosts: hosts.toReversed() })).toBe(controllerLockFolder(shop));
  });
});

describe("the clock of a lease", () => {
  it("counts the time that the machine slept, for which the monotonic clock stood still", () => {
    let monotonic = 1_000;
    let uptime = 50_000;
    const clock = new SuspendClock(
      () => monotonic,
      () => uptime,
    );
    const mark = clock.mark();
    monotonic += 20;
    uptime += 20;
    expect(clock.since(mark)).toBe(20);
    uptime += 3_600_000;
    expect(clock.since(mark)).toBe(3_600_020);
  });

  it("is never behind the monotonic clock, however coarse the uptime is", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (monotonic, uptime) => {
        const moments = [0, monotonic];
        const uptimes = [0, uptime];
        const clock = new SuspendClock(
          () => moments.shift() ?? 0,
          () => uptimes.shift() ?? 0,
        );
        expect(clock.since(clock.mark())).toBe(Math.max(monotonic, uptime));
      }),
    );
  });
});

describe("a process", () => {
  it("is alive only while that very one runs, in this boot", () => {
    const me = thisProcess();
    expect(isAlive(me)).toBe(true);
    expect(isAlive({ ...me, pid: NO_SUCH_PID })).toBe(false);
    expect(isAlive({ ...me, start: me.start + 1 })).toBe(false);
    expect(isAlive({ ...me, boot: "another" })).toBe(false);
  });

  it("of another machine counts as alive, since it cannot be asked", () => {
    expect(isAlive({ ...thisProcess(), controller: "elsewhere", pid: NO_SUCH_PID })).toBe(true);
  });
});

describe("the lock of this machine", () => {
  let state: string;
  const take = (run: string, names = ["r1", "r2"]) => ControllerLock.take(state, shop, names, { run, user: "u" });
  const folder = () => join(state, "locks", controllerLockFolder(shop));

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), "redisha-locks-"));
  });

  afterEach(() => rmSync(state, { recursive: true, force: true }));

  async function taken(run: string, names?: string[]): Promise<ControllerLock> {
    const lock = await take(run, names);
    if (!(lock instanceof ControllerLock)) throw new Error(`${lock.run} has it`);
    return lock;
  }

  it("is had by one run, whose owner the next is told", async () => {
    const first = await taken("first");
    expect(await take("second")).toMatchObject({ run: "first", user: "u", pid: process.pid });
    await first.release();
    await taken("third");
  });

  it("leaves nothing behind where only a part could be taken", async () => {
    await taken("first", ["r2"]);
    expect(await take("second")).toMatchObject({ run: "first" });
    expect(readdirSync(folder())).toEqual(["r2.lock"]);
    await taken("third", ["r1"]);
  });

  it("is taken over from a dead process by exactly one of many", async () => {
    for (let round = 0; round < 30; round += 1) {
      await (await taken("maker")).release();
      const dead = { run: "dead", user: "u", since: "s", ...thisProcess(), pid: NO_SUCH_PID };
      for (const name of ["r1.lock", "r1.lock.claim", "r2.lock"]) {
        writeFileSync(join(folder(), name), JSON.stringify(dead));
      }
      const outcomes = await Promise.all(Array.from({ length: 8 }, (_, index) => take(`racer${index}`)));
      const won = outcomes.filter((outcome) => outcome instanceof ControllerLock);
      expect(won).toHaveLength(1);
      expect(await won[0]?.isOurs()).toBe(true);
      expect(readdirSync(folder()).sort()).toEqual(["r1.lock", "r2.lock"]);
      await won[0]?.release();
    }
  });

  it("notices that its file was removed, and does not remove that of the next", async () => {
    const first = await taken("first", ["r1"]);
    rmSync(join(folder(), "r1.lock"));
    expect(await first.isOurs()).toBe(false);
    await taken("second", ["r1"]);
    await first.release();
    expect((await controllerEntries(state, shop)).map(({ owner, live }) => [owner?.run, live])).toEqual([
      ["second", true],
    ]);
  });

  it("says where it could not be written", async () => {
    writeFileSync(join(state, "locks"), "a file in the way");
    await expect(take("first")).rejects.toMatchObject({ code: "LOCK_UNWRITABLE", exit: 1 });
  });
});
