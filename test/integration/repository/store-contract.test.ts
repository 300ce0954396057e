import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { openStore, type StorePolicy } from "../../../src/repository/open-store.ts";
import type { Leftover, Store } from "../../../src/repository/store.ts";
import { s3ServerIsInstalled } from "../../support/s3.ts";
import { broken, bytesOf, GROUNDS, keysOf, noise, type StoreGround, startGround } from "../../support/stores.ts";
import { until } from "../../support/until.ts";

const MIB = 1024 * 1024;

describe.each(GROUNDS)("a store of kind %s", (kind) => {
  if (kind === "s3" && !s3ServerIsInstalled()) return it.skip("needs the packages of Swift");
  let ground: StoreGround;
  let policy: StorePolicy;
  let store: Store;
  beforeAll(async () => {
    ground = await startGround(kind);
    policy = await ground.policy();
    store = await openStore(policy);
  });
  afterAll(async () => {
    await store?.close();
    await ground?.stop();
  });

  const leftovers = async (prefix = "") => {
    const found: Leftover[] = [];
    for await (const leftover of store.leftovers(prefix)) found.push(leftover);
    return found;
  };

  it("is empty before anything was stored in it", async () => {
    expect(await keysOf(store)).toEqual([]);
    expect(await store.folders("shop/")).toEqual([]);
    expect(await store.stat("shop/none")).toBeUndefined();
    expect(await leftovers()).toEqual([]);
  });

  it("gives back what was put into it, whole and in ranges, in one part and in many", async () => {
    for (const size of [0, 1, 3 * MIB, 21 * MIB + 17]) {
      const key = `sizes/${size}`;
      const put = await store.put(key, noise(size), { estimate: size });
      expect(put).toMatchObject({ key, size });
      expect(await store.stat(key)).toMatchObject({ key, size });
      const expected = await bytesOf(noise(size));
      expect((await bytesOf(await store.get(key))).equals(expected)).toBe(true);
      if (size < 100) continue;
      const middle = await bytesOf(await store.get(key, { offset: size - 70_000, length: 65_000 }));
      expect(middle.equals(expected.subarray(size - 70_000, size - 5_000))).toBe(true);
      const rest = await bytesOf(await store.get(key, { offset: size - 10 }));
      expect(rest.equals(expected.subarray(size - 10))).toBe(true);
    }
  });

  it("lists what begins with a prefix, ordered by key, and the folders of a folder", async () => {
    for (const name of ["b/2", "b/1", "a", "b-c", "b/1/x"].filter((each) => each !== "b/1" || kind === "s3")) {
      await store.create(`tree/${name}`, Buffer.from(name));
    }
    const keys = await keysOf(store, "tree/");
    expect(keys).toEqual([...keys].sort());
    expect(keys).toContain("tree/b/1/x");
    expect(await keysOf(store, "tree/b/")).toEqual(keys.filter((key) => key.startsWith("tree/b/")));
    expect(await store.folders("tree/")).toEqual(["b"]);
  });

  it("never overwrites with put or create, and does with replace", async () => {
    expect(await store.create("once", Buffer.from("first"))).toBe(true);
    expect(await store.create("once", Buffer.from("second"))).toBe(false);
    const source = noise(10);
    await expect(store.put("once", source)).rejects.toMatchObject({ code: "OBJECT_EXISTS" });
    expect(source.destroyed).toBe(true);
    expect((await bytesOf(await store.get("once"))).toString()).toBe("first");
    await store.replace("once", Buffer.from("third"));
    expect((await bytesOf(await store.get("once"))).toString()).toBe("third");
    expect(await leftovers()).toEqual([]);
  });

  it("says of an object that is missing that it is", async () => {
    await expect(store.get("nowhere/none")).rejects.toMatchObject({ code: "OBJECT_MISSING" });
    await expect(store.delete("nowhere/none")).resolves.toBeUndefined();
  });

  it("deletes, and its empty folders with it", async () => {
    await store.create("gone/deep/one", Buffer.from("x"));
    await store.delete("gone/deep/one");
    expect(await store.stat("gone/deep/one")).toBeUndefined();
    expect(await store.folders("")).not.toContain("gone");
  });

  it("keeps nothing of a source that breaks, and says what broke", async () => {
    for (const size of [1000, 18 * MIB]) {
      await expect(store.put(`cut/${size}`, broken(size), { estimate: size })).rejects.toThrow("the source broke");
      expect(await store.stat(`cut/${size}`)).toBeUndefined();
    }
    expect(await leftovers()).toEqual([]);
  });

  it("stops when it is told to, with the reason, and keeps nothing", async () => {
    const endless = new Readable({ read: () => undefined });
    endless.push(Buffer.alloc(9 * MIB));
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 300);
    await expect(store.put("stopped", endless, { estimate: 1, signal: stop.signal })).rejects.toThrow("enough");
    expect(endless.destroyed).toBe(true);
    expect(await store.stat("stopped")).toBeUndefined();
    expect(await leftovers()).toEqual([]);
  });

  it("lets one of many win where all create the same", async () => {
    if (kind === "s3") return; // This server knows no conditions.
    const won = await Promise.all(Array.from({ length: 8 }, (_, n) => store.create("race", Buffer.from(`${n}`))));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await leftovers()).toEqual([]);
  });

  it("shows nothing of an upload whose process was killed, and clears away what it left", async () => {
    const s3 = policy.s3 && {
      ...policy.s3,
      accessKey: await policy.s3.accessKey?.(),
      secretKey: await policy.s3.secretKey?.(),
    };
    const child = spawn(process.execPath, [packagePath("test/support/upload-holder.ts")], {
      stdio: ["pipe", "inherit", "inherit"],
    });
    child.stdin?.end(JSON.stringify({ policy: { ...policy, s3 }, key: "killed/big" }));
    const gone = new Promise((resolve) => child.once("exit", resolve));
    try {
      await until(async () => (await leftovers("killed/")).length > 0);
    } finally {
      child.kill("SIGKILL");
      await gone;
    }
    expect(await keysOf(store, "killed/")).toEqual([]);
    expect(await store.stat("killed/big")).toBeUndefined();
    const left = await leftovers("killed/");
    expect(left).toMatchObject([{ key: "killed/big" }]);
    for (const leftover of left) await store.discard(leftover);
    expect(await leftovers("")).toEqual([]);
    await store.put("killed/big", noise(10));
    expect(await keysOf(store, "killed/")).toEqual(["killed/big"]);
  });
});
