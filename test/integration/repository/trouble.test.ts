import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scrubber } from "../../../src/core/scrub.ts";
import type { S3Settings } from "../../../src/inventory/model.ts";
import { openStore, type StorePolicy } from "../../../src/repository/open-store.ts";
import { packFile } from "../../../src/repository/pipeline/pack-file.ts";
import { startLeakyWay } from "../../support/leaky-way.ts";
import { type S3Server, s3ServerIsInstalled, startS3 } from "../../support/s3.ts";
import { childrenOf, freePort, killAll, makeKey, type Sshd, startSshd } from "../../support/sshd.ts";
import { bytesOf, keysOf, noise, scratchFolder, sftpPolicy, startSftp, withStore } from "../../support/stores.ts";

const MIB = 1024 * 1024;
const isRoot = process.getuid?.() === 0;
let scratch: ReturnType<typeof scratchFolder>;
beforeAll(() => {
  scratch = scratchFolder();
});
afterAll(() => scratch.remove());

/** A file system of a few megabytes, mounted for as long as `use` takes. */
async function onTinyDisk(use: (path: string) => Promise<void>): Promise<void> {
  const path = join(scratch.path, "tiny");
  mkdirSync(path, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", path]);
  try {
    await use(path);
  } finally {
    execFileSync("umount", ["-l", path]);
  }
}

const fill = (policy: StorePolicy) =>
  withStore(policy, async (store) => {
    await store.create("before", Buffer.from("x"));
    const options = { name: "dump.rdb", kind: "rdb", estimate: 9 * MIB } as const;
    const full = packFile(store, "b/", noise(9 * MIB), { compression: 1 }, options);
    await expect(full).rejects.toMatchObject({ code: "REPOSITORY_FULL", exit: 1 });
    expect(await keysOf(store)).toEqual(["before"]);
    const left = [];
    for await (const leftover of store.leftovers("")) left.push(leftover);
    expect(left).toEqual([]);
    // There is room again.
    await store.put("after", noise(MIB));
  });

describe("a repository in a directory", () => {
  it.skipIf(!isRoot)("says that the disk is full, and keeps nothing of what did not fit", async () => {
    await onTinyDisk((path) => fill({ repository: path }));
  });

  it("is private to its user", async () => {
    const root = join(scratch.path, "private");
    await withStore({ repository: root }, (store) => store.create("shop/one", Buffer.from("x")));
    const modes = execFileSync("find", [root, "-printf", "%m %P\n"], { encoding: "utf8" }).trim().split("\n").sort();
    expect(modes).toEqual(["600 shop/one", "700 ", "700 shop"]);
  });

  it("says that it is no folder, or not to be read, and what to look at", async () => {
    writeFileSync(join(scratch.path, "file"), "");
    const nowhere = { repository: join(scratch.path, "file", "below") };
    await withStore(nowhere, async (store) => {
      await expect(store.create("a", Buffer.from("x"))).rejects.toMatchObject({
        code: "REPOSITORY_NOT_FOUND",
        exit: 2,
      });
    });
    await withStore({ repository: "/proc/nowhere" }, async (store) => {
      await expect(store.create("a", Buffer.from("x"))).rejects.toMatchObject({ code: "REPOSITORY_NOT_FOUND" });
    });
    if (isRoot) return;
    const closed = join(scratch.path, "closed");
    mkdirSync(closed);
    chmodSync(closed, 0o500);
    await withStore({ repository: closed }, async (store) => {
      await expect(store.create("a", Buffer.from("x"))).rejects.toMatchObject({ code: "REPOSITORY_DENIED", exit: 6 });
    });
  });
});

describe("a repository on another host", () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSftp();
  });
  afterAll(() => sshd.stop());
  const policy = (name: string) => sftpPolicy(sshd, join(scratch.path, name));

  it("is not spoken to where its host key changed, is unknown, or the key is not let in", async () => {
    const other = join(scratch.path, "other");
    makeKey(other);
    const known = join(scratch.path, "known_hosts");
    writeFileSync(known, `[${sshd.address}]:${sshd.port} ${readFileSync(`${other}.pub`, "utf8")}`);
    await expect(openStore(sftpPolicy(sshd, "/x", { knownHosts: known }))).rejects.toMatchObject({
      code: "SSH_HOST_KEY_CHANGED",
      exit: 6,
    });
    writeFileSync(known, "");
    await expect(openStore(sftpPolicy(sshd, "/x", { knownHosts: known }))).rejects.toMatchObject({
      code: "SSH_HOST_KEY_UNKNOWN",
    });
    await expect(openStore(sftpPolicy(sshd, "/x", { identity: other }))).rejects.toMatchObject({
      code: "SSH_AUTH_FAILED",
    });
  });

  it.skipIf(!isRoot)("says that the disk is full, though SFTP has no word for it", async () => {
    await onTinyDisk((path) => fill(sftpPolicy(sshd, path)));
  });

  it("says that the connection was cut, and keeps nothing of what was on its way", async () => {
    const source = new Readable({ read() {} });
    source.push(Buffer.alloc(MIB));
    await withStore(policy("cut"), async (store) => {
      const putting = store.put("big", source);
      putting.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      killAll(childrenOf(sshd.pid));
      // Something has to be written for the other side to be missed.
      source.push(Buffer.alloc(MIB));
      await expect(putting).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE", exit: 6 });
      await expect(store.stat("big")).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
    });
    await withStore(policy("cut"), async (store) => expect(await keysOf(store)).toEqual([]));
  });

  it("says that reading broke off", async () => {
    await withStore(policy("reading"), async (store) => {
      await store.put("big", noise(40 * MIB));
      const stream = await store.get("big");
      const reading = (async () => {
        for await (const _ of stream) killAll(childrenOf(sshd.pid));
      })();
      await expect(reading).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
    });
  });

  it("says so where there is no SFTP", async () => {
    const bare = await startSshd();
    await expect(openStore(sftpPolicy(bare, "/x"))).rejects.toMatchObject({ code: "SSH_SFTP_REFUSED" });
    await bare.stop();
  });
});

describe.skipIf(!s3ServerIsInstalled())("a repository in a bucket", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
    await server.makeBucket("backups");
  });
  afterAll(() => server?.stop());
  const policy = (changes: Partial<S3Settings> = {}, bucket = "backups"): StorePolicy => ({
    repository: `s3://${bucket}/shop`,
    s3: server.settings(changes),
  });
  const refused = (its: StorePolicy) =>
    withStore(its, async (store) => [
      await store.stat("a").catch((error: unknown) => error),
      await store.create("a", Buffer.from("x")).catch((error: unknown) => error),
      await keysOf(store).catch((error: unknown) => error),
    ]);

  it("says whose key is wrong, and never what it is", async () => {
    const secret = "a-wrong-secret-that-nobody-sees";
    for (const changes of [{ secretKey: async () => secret }, { accessKey: async () => "nobody:here" }]) {
      for (const error of await refused(policy(changes))) {
        expect(error).toMatchObject({ code: "REPOSITORY_CREDENTIALS", exit: 6 });
        expect(JSON.stringify(error) + String(error)).not.toContain(secret);
      }
    }
  });

  it("says that there is no such bucket, or that it belongs to others", async () => {
    const [, created, listed] = await refused(policy({}, "nowhere"));
    expect(created).toMatchObject({ code: "REPOSITORY_NOT_FOUND", exit: 2 });
    expect(listed).toMatchObject({ code: "REPOSITORY_NOT_FOUND" });
    const guest = policy({ accessKey: async () => "shop:guest", secretKey: async () => "guest-of-the-shop" });
    for (const error of await refused(guest)) expect(error).toMatchObject({ code: "REPOSITORY_DENIED", exit: 6 });
  });

  it("takes what it is not told from the environment, and hides it", async () => {
    const env = {
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: server.accessKey,
      AWS_SECRET_ACCESS_KEY: server.secretKey,
      AWS_REGION: "us-east-1",
    };
    const store = await openStore({ repository: "s3://backups/env" }, { env });
    expect(await store.create("a", Buffer.from("x"))).toBe(true);
    await store.close();
    expect(scrubber.scrub(server.secretKey)).not.toContain(server.secretKey);
  });

  it("says that nobody answers", async () => {
    const port = await freePort();
    const [error] = await refused(policy({ endpoint: `http://127.0.0.1:${port}` }));
    expect(error).toMatchObject({ code: "REPOSITORY_UNREACHABLE", exit: 6 });
  });

  it("goes on where an answer broke off, and gives up where it always does", async () => {
    const size = 12 * MIB;
    await withStore(policy(), (store) => store.put("big", noise(size), { estimate: size }));
    const way = await startLeakyWay(Number(new URL(server.endpoint).port));
    await withStore(policy({ endpoint: `http://127.0.0.1:${way.port}` }), async (store) => {
      way.cutAfter(MIB, 4);
      expect((await bytesOf(await store.get("big"))).equals(await bytesOf(noise(size)))).toBe(true);
      expect(way.cuts).toBe(4);
      way.cutAfter(0, 1_000);
      await expect(store.get("big")).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
    });
    await way.stop();
  });

  it("sends a part again whose way was cut, and keeps nothing where it always is", async () => {
    const size = 20 * MIB;
    const way = await startLeakyWay(Number(new URL(server.endpoint).port));
    await withStore(policy({ endpoint: `http://127.0.0.1:${way.port}` }), async (store) => {
      way.cutAfter(0, 2);
      await store.put("again", noise(size), { estimate: size });
      expect((await bytesOf(await store.get("again"))).equals(await bytesOf(noise(size)))).toBe(true);
    });
    await way.stop();
  });
});
