import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readIdentities } from "../../../src/repository/age/identities.ts";
import { readRecipients } from "../../../src/repository/age/recipients.ts";
import { FileStore } from "../../../src/repository/file/file-store.ts";
import type { StoredFile } from "../../../src/repository/manifest.ts";
import { type Packing, type PackOptions, packFile } from "../../../src/repository/pipeline/pack-file.ts";
import { Throttle } from "../../../src/repository/pipeline/throttle.ts";
import { unpackFile, verifyStored } from "../../../src/repository/pipeline/unpack-file.ts";
import { makeKey } from "../../support/sshd.ts";
import { broken, bytesOf, keysOf, noise, scratchFolder } from "../../support/stores.ts";

const folder = "b/";
let scratch: ReturnType<typeof scratchFolder>;
let store: FileStore;
let at = 0;
const path = (name: string) => join(scratch.path, name);
const run = (program: string, args: string[], input?: Buffer) =>
  execFileSync(program, args, { ...(input ? { input } : {}), maxBuffer: 1024 ** 3, stdio: ["pipe", "pipe", "pipe"] });

beforeAll(() => {
  scratch = scratchFolder();
  store = new FileStore(path("store"));
  run("age-keygen", ["-o", path("age.key")]);
  run("age-keygen", ["-o", path("other.key")]);
  makeKey(path("ssh_ed25519"), "ed25519");
  makeKey(path("ssh_rsa"), "rsa");
  makeKey(path("ssh_locked"), "ed25519", "a passphrase");
});
afterAll(() => scratch.remove());

/** Of a key made above, as redisha.yaml would name it. */
function recipientOf(key: string): string {
  if (key.startsWith("ssh")) return readFileSync(`${path(key)}.pub`, "utf8").trim();
  return run("age-keygen", ["-y", path(key)])
    .toString()
    .trim();
}

async function packed(source: Readable, packing: Packing, options: Partial<PackOptions> = {}): Promise<StoredFile> {
  at += 1;
  return await packFile(store, folder, source, packing, { name: `f${at}/dump.rdb`, kind: "rdb", ...options });
}

const sealedTo = async (...keys: string[]): Promise<Packing> => {
  const recipients = await readRecipients(keys.map(recipientOf));
  return { compression: 3, ...(recipients ? { recipients } : {}) };
};

async function unpacked(file: StoredFile, ...keys: string[]): Promise<Buffer> {
  const identities = await readIdentities(keys.map(path));
  return await bytesOf(await unpackFile(store, folder, file, identities ? { identities } : {}));
}

const storedPath = ({ name }: StoredFile) => path(`store/${folder}${name}`);

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Sizes around the pieces of 64 KiB that age seals. */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 3_000_001];

describe("a file on its way into a repository and back", () => {
  it("is the same afterwards, and the manifest says what it was and is", async () => {
    for (const size of SIZES) {
      for (const [compression, key] of [
        ["none", undefined],
        [3, undefined],
        ["none", "age.key"],
        [3, "age.key"],
      ] as const) {
        const packing = { ...(key ? await sealedTo(key) : {}), compression };
        const plain = await bytesOf(noise(size));
        const file = await packed(Readable.from([plain]), packing, { instance: "r1:6379" });
        const stored = readFileSync(storedPath(file));
        expect(file).toMatchObject({
          name: `f${at}/dump.rdb${compression === "none" ? "" : ".zst"}${key ? ".age" : ""}`,
          instance: "r1:6379",
          size_raw: size,
          sha256_raw: sha256(plain),
          size_stored: stored.length,
          sha256_stored: sha256(stored),
          recipients: key ? [recipientOf(key)] : [],
        });
        expect((await unpacked(file, ...(key ? [key] : []))).equals(plain)).toBe(true);
        await verifyStored(store, folder, file);
      }
    }
  });

  it("is opened by age and zstd alone", async () => {
    for (const key of ["age.key", "ssh_ed25519", "ssh_rsa"]) {
      for (const size of SIZES) {
        const plain = await bytesOf(noise(size));
        const file = await packed(Readable.from([plain]), await sealedTo(key));
        const opened = run("zstd", ["-dcq"], run("age", ["-d", "-i", path(key), storedPath(file)]));
        expect(opened.equals(plain)).toBe(true);
      }
    }
  });

  it("may have been written by age and zstd alone", async () => {
    for (const key of ["age.key", "ssh_ed25519", "ssh_rsa"]) {
      for (const size of SIZES) {
        const plain = await bytesOf(noise(size));
        const stored = run("age", ["-r", recipientOf(key)], run("zstd", ["-cq"], plain));
        const file: StoredFile = {
          name: `by-hand/${key}-${size}.zst.age`,
          kind: "rdb",
          size_raw: size,
          sha256_raw: sha256(plain),
          size_stored: stored.length,
          sha256_stored: sha256(stored),
          compression: "zstd",
          encryption: "age",
          recipients: [recipientOf(key)],
        };
        await store.create(`${folder}${file.name}`, stored);
        expect((await unpacked(file, key)).equals(plain)).toBe(true);
      }
    }
  });

  it("can be opened by each of several recipients", async () => {
    const file = await packed(noise(100_000), await sealedTo("age.key", "ssh_ed25519", "ssh_rsa"));
    for (const key of ["age.key", "ssh_ed25519", "ssh_rsa"]) {
      expect((await unpacked(file, "other.key", key)).length).toBe(100_000);
      expect(run("age", ["-d", "-i", path(key), storedPath(file)]).length).toBeGreaterThan(100_000);
    }
  });

  it("passes no faster than it may, counted over all files, and says how far it is", async () => {
    const throttle = new Throttle(4 * 1024 * 1024);
    const seen: number[] = [];
    const began = performance.now();
    const some = () =>
      packed(noise(1024 * 1024), { compression: "none", throttle }, { onProgress: ({ stored }) => seen.push(stored) });
    await Promise.all([some(), some()]);
    // Two megabytes at four a second take at least half of one, but for the first piece.
    expect(performance.now() - began).toBeGreaterThan(350);
    expect(Math.max(...seen)).toBe(1024 * 1024);
  });
});

describe("a file that does not get through", () => {
  it("fails with the first error, and leaves nothing behind", async () => {
    await expect(packed(broken(3_000_000), await sealedTo("age.key"))).rejects.toThrow("the source broke");
    const before = await keysOf(store);
    const full = new FileStore("/dev/null/nowhere");
    const source = noise(1e9);
    await expect(
      packFile(full, folder, source, await sealedTo("age.key"), { name: "x", kind: "rdb" }),
    ).rejects.toMatchObject({ code: "REPOSITORY_NOT_FOUND" });
    expect(source.destroyed).toBe(true);
    expect(await keysOf(store)).toEqual(before);
  });

  it("stops with the reason of the signal", async () => {
    const stop = new AbortController();
    const source = new Readable({ read: () => undefined });
    const packing = packed(source, { compression: 3 }, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(packing).rejects.toThrow("enough");
    expect(source.destroyed).toBe(true);
    const reading = await unpackFile(store, folder, await packed(noise(1e6), { compression: 3 }), {
      signal: AbortSignal.abort(new Error("not now")),
    }).catch((error: unknown) => error);
    if (reading instanceof Readable) await expect(bytesOf(reading)).rejects.toThrow("not now");
    else expect(reading).toMatchObject({ message: "not now" });
  });

  it("is whole also where the store says late that nothing follows", async () => {
    const file = await packed(noise(100_000), { compression: 3 });
    class Late extends FileStore {
      override async get(key: string): Promise<Readable> {
        const content = await bytesOf(await super.get(key));
        async function* slowly() {
          yield content;
          await new Promise((resolve) => setTimeout(resolve, 300));
        }
        return Readable.from(slowly(), { objectMode: false });
      }
    }
    const late = new Late(path("store"));
    expect((await bytesOf(await unpackFile(late, folder, file))).length).toBe(100_000);
  });

  it("lets its reader go away early", async () => {
    const file = await packed(noise(2e6), await sealedTo("age.key"));
    const identities = await readIdentities([path("age.key")]);
    const stream = await unpackFile(store, folder, file, identities ? { identities } : {});
    for await (const _ of stream) break;
    expect(stream.destroyed).toBe(true);
  });
});

describe("a stored file that is not what was stored", () => {
  it("is found out, wherever a bit was flipped, and never ends as if it were whole", async () => {
    const file = await packed(noise(200_000), await sealedTo("age.key"));
    const good = readFileSync(storedPath(file));
    for (let n = 0; n < 60; n += 1) {
      const bad = Buffer.from(good);
      const bit = Math.floor((n / 60) * good.length * 8);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(storedPath(file), bad);
      await expect(unpacked(file, "age.key")).rejects.toMatchObject({
        code: expect.stringMatching(/^(BACKUP_DAMAGED|AGE_IDENTITY_WRONG)$/),
      });
      await expect(verifyStored(store, folder, file)).rejects.toMatchObject({ code: "BACKUP_DAMAGED", exit: 10 });
    }
  });

  it.each(["zstd", "none"] as const)(
    "is found out where it was cut, lengthened or swapped: %s",
    async (compression) => {
      const packing: Packing = { compression: compression === "zstd" ? 3 : "none" };
      const file = await packed(noise(200_000), packing);
      const good = readFileSync(storedPath(file));
      const other = readFileSync(storedPath(await packed(noise(200_000, 2), packing)));
      for (const bad of [
        good.subarray(0, -1),
        good.subarray(0, 100),
        Buffer.alloc(0),
        Buffer.concat([good, good]),
        Buffer.concat(Array(30).fill(good)),
        other,
      ]) {
        writeFileSync(storedPath(file), bad);
        await expect(unpacked(file)).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
        await expect(verifyStored(store, folder, file)).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
      }
    },
  );
});

describe("keys", () => {
  it("are needed for what is encrypted, and are named where they do not fit", async () => {
    const file = await packed(noise(1000), await sealedTo("age.key"));
    await expect(unpacked(file)).rejects.toMatchObject({
      code: "AGE_IDENTITY_NEEDED",
      message: expect.stringContaining(recipientOf("age.key")),
    });
    await expect(unpacked(file, "other.key", "ssh_rsa")).rejects.toMatchObject({
      code: "AGE_IDENTITY_WRONG",
      message: expect.stringContaining(path("other.key")),
    });
  });

  it("that cannot be read are refused, and never shown", async () => {
    writeFileSync(path("torn.key"), "AGE-SECRET-KEY-1HUSH");
    writeFileSync(path("empty.key"), "# nothing\n");
    for (const [name, why] of [
      ["torn.key", "its key number 1 is no AGE-SECRET-KEY-1…"],
      ["empty.key", "it holds no key"],
      ["none.key", "no such file or directory"],
      ["ssh_locked", "it is an SSH key with a passphrase"],
    ] as const) {
      const error: unknown = await readIdentities([path(name)]).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "AGE_IDENTITY_UNREADABLE", message: expect.stringContaining(why) });
      expect(String(error)).not.toContain("HUSH");
    }
  });

  it("to encrypt to are looked at before anything is read", async () => {
    for (const bad of ["age1torn", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M="]) {
      await expect(readRecipients([bad])).rejects.toMatchObject({ code: "AGE_RECIPIENT_INVALID", exit: 2 });
    }
    expect(await readRecipients([])).toBeUndefined();
  });
});
