import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { acquireLock, type LockRequest } from "../../../src/repository/acquire-lock.ts";
import { locksFolder } from "../../../src/repository/layout.ts";
import { readLocks } from "../../../src/repository/locks.ts";
import { openRepository, type Repository } from "../../../src/repository/repository.ts";
import { toJson } from "../../../src/repository/small-object.ts";
import { s3ServerIsInstalled } from "../../support/s3.ts";
import { GROUNDS, keysOf, type StoreGround, startGround } from "../../support/stores.ts";
import { until } from "../../support/until.ts";

describe.each(GROUNDS)("the lock of a repository of kind %s", (kind) => {
  if (kind === "s3" && !s3ServerIsInstalled()) return it.skip("needs the packages of Swift");
  let ground: StoreGround;
  let repository: Repository;
  beforeAll(async () => {
    ground = await startGround(kind);
  });
  afterAll(() => ground?.stop());
  beforeEach(async () => {
    repository = await openRepository(await ground.policy(), "shop", { create: true });
    return () => repository.store.close();
  });
  const take = (changes: Partial<LockRequest> & Pick<LockRequest, "kind">) =>
    acquireLock(repository, { purpose: "backup", ...changes });

  it("is shared by many, and exclusive for one", async () => {
    const [a, b] = await Promise.all([take({ kind: "shared" }), take({ kind: "shared" })]);
    await expect(take({ kind: "exclusive", purpose: "prune" })).rejects.toMatchObject({
      code: "REPOSITORY_LOCKED",
      exit: 5,
      message: expect.stringContaining(`pid ${process.pid}`),
    });
    await a.release();
    await b.release();
    const alone = await take({ kind: "exclusive", purpose: "prune" });
    await expect(take({ kind: "shared" })).rejects.toMatchObject({ message: expect.stringContaining("prune by") });
    await alone.release();
    expect(await keysOf(repository.store, "shop/locks/")).toEqual([]);
  });

  it("goes to one at most where many want it at once", async () => {
    const held = await Promise.allSettled(Array.from({ length: 5 }, () => take({ kind: "exclusive" })));
    const won = held.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    expect(won.length).toBeLessThanOrEqual(1);
    for (const lock of won) await lock.release();
    expect(await keysOf(repository.store, "shop/locks/")).toEqual([]);
  });

  it("is waited for where that is asked", async () => {
    const first = await take({ kind: "exclusive" });
    const second = take({ kind: "exclusive", waitMs: 30_000 });
    await delay(500);
    await first.release();
    await (await second).release();
  });

  it("ends with a process of this machine that was killed", async () => {
    const child = spawn("sleep", ["100"]);
    const held = await take({ kind: "exclusive" });
    const key = `${locksFolder("shop")}dead.json`;
    await repository.store.create(key, toJson({ ...held.record, id: "dead", pid: child.pid }));
    await held.release();
    await expect(take({ kind: "shared" })).rejects.toMatchObject({ code: "REPOSITORY_LOCKED" });
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    await (await take({ kind: "shared" })).release();
    expect(await readLocks(repository)).toEqual([]);
  });

  it("ends when its holder, on another machine, was silent for as long as it lives", async () => {
    const held = await take({ kind: "exclusive" });
    const { space: _, ...elsewhere } = held.record;
    await held.release();
    const key = `${locksFolder("shop")}silent.json`;
    await repository.store.create(key, toJson({ ...elsewhere, id: "silent", host: "elsewhere", ttl_ms: 4_000 }));
    await expect(take({ kind: "shared" })).rejects.toMatchObject({ message: expect.stringContaining("elsewhere") });
    await (await take({ kind: "shared", waitMs: 20_000 })).release();
  });

  it("lives on while its holder does", async () => {
    const held = await take({ kind: "exclusive", ttlMs: 3_000 });
    const before = (await readLocks(repository))[0]?.modifiedMs ?? 0;
    await until(async () => ((await readLocks(repository))[0]?.modifiedMs ?? 0) > before + 3_000);
    expect(held.lost.aborted).toBe(false);
    await held.release();
  });

  it("is lost when somebody removes it, and its holder hears of it", async () => {
    const held = await take({ kind: "exclusive", ttlMs: 600 });
    for (const { key } of await readLocks(repository)) await repository.store.delete(key);
    await until(async () => held.lost.aborted);
    expect(held.lost.reason).toMatchObject({ code: "REPOSITORY_LOCK_LOST" });
    await held.release();
    expect(await readLocks(repository)).toEqual([]);
  });

  it("counts as held while it cannot be read", async () => {
    await repository.store.create(`${locksFolder("shop")}torn.json`, Buffer.from("{"));
    await expect(take({ kind: "shared" })).rejects.toMatchObject({
      message: expect.stringContaining("cannot be read"),
    });
  });
});
