import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type BackedUpLab, backedUpLab, dataFolder } from "../../support/backed-up-lab.ts";

/** A key of a module type, `ReJSON-RL` 3: type 7, then its name of 9 letters and 10 bits of version in 64 bits. */
const MODULE_DATA = Buffer.concat([
  Buffer.from("REDIS0011"),
  Buffer.from([0x07, 0x01, 0x6b, 0x81]),
  moduleId("ReJSON-RL", 3),
  Buffer.from([0x00, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]),
]);

function moduleId(name: string, version: number): Buffer {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const id = [...name].reduce((sum, letter) => (sum << 6n) | BigInt(letters.indexOf(letter)), 0n);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE((id << 10n) | BigInt(version));
  return bytes;
}

const NODES = ["r1:6379", "r2:6379", "r3:6379"];

/** A lab with a backup of `was` and with `is` written since, which only its memory holds. */
async function laterThanItsBackup(options: Parameters<typeof backedUpLab>[0] = {}): Promise<BackedUpLab> {
  const place = await backedUpLab(options);
  await place.lab.cli("r1:6379", "SET", "was", "saved");
  expect((await place.run("backup")).error).toBeNull();
  await place.lab.cli("r1:6379", "DEL", "was");
  await place.lab.cli("r1:6379", "SET", "is", "now");
  return place;
}

async function expectAsBefore({ lab }: BackedUpLab): Promise<void> {
  for (const node of NODES) {
    await expect.poll(() => lab.cli(node, "GET", "is"), { timeout: 20_000 }).toBe("now");
    expect(await lab.cli(node, "EXISTS", "was")).toBe("0");
    expect((await readdir(dataFolder(lab, node))).filter((name) => name.startsWith(".redisha"))).toEqual([]);
  }
  expect(await lab.cli("r1:6379", "CONFIG", "GET", "save")).toContain("3600 1");
  for (const sentinel of ["r1:26379", "r2:26379", "r3:26379"]) {
    await expect
      .poll(() => lab.cli(sentinel, "SENTINEL", "MASTER", "mymaster"))
      .toMatch(/down-after-milliseconds\n1000\n/);
  }
}

describe.each([
  ["no", ["restore.loaded"]],
  ["yes", ["restore.install"]],
] as const)("a restore that fails, with appendonly %s", (appendonly, actions) => {
  // Traps: 15. What fails at the other steps is killed there in crash.test.ts.
  it("puts back what was there before, with every write that was acknowledged", async () => {
    await using place = await laterThanItsBackup({ config: { appendonly } });
    const fail = () => Promise.reject(new Error("the disk is on fire"));
    for (const action of actions) {
      const failed = await place.run("restore", {}, { before: { [action]: fail } });
      expect(failed, action).toMatchObject({ status: "rolled_back" });
      await expectAsBefore(place);
    }
    const done = await place.run("restore");
    expect(done).toMatchObject({ status: "done", exit: 0 });
    expect(await place.lab.cli("r1:6379", "GET", "was")).toBe("saved");
    expect(await place.lab.cli("r1:6379", "EXISTS", "is")).toBe("0");
  });
});

describe("a server that lacks a module of the data", () => {
  // Traps: 29. A checker calls such a file good; the server that meets it says so in its log and ends, with whatever status.
  it("has failed as soon as it is gone, and gets its old data back", async () => {
    await using place = await laterThanItsBackup({ engine: "valkey-8.1", config: { appendonly: "no" } });
    let spoilt = false;
    const spoil = async () => {
      if (!spoilt) await writeFile(join(dataFolder(place.lab, "r1:6379"), "dump.rdb"), MODULE_DATA);
      spoilt = true;
    };
    const failed = await place.run("restore", {}, { before: { "service.start": spoil } });
    expect(failed).toMatchObject({ status: "rolled_back", error: { code: "SERVICE_DIED", host: "r1:6379" } });
    expect(failed.error?.message).toContain("module");
    await expectAsBefore(place);
  });
});

describe("a backup that is not what was stored", () => {
  it("is refused before anything is stopped", async () => {
    await using place = await laterThanItsBackup();
    const { lab, backups, run } = place;
    const [id = ""] = await readdir(backups);
    const file = join(backups, id, "shards", "main", "dump.rdb.zst");
    const bytes = await readFile(file);
    const pid = await lab.cli("r1:6379", "INFO", "server");
    for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 4, at);
      await writeFile(file, damaged);
      const refused = await run("restore");
      expect(refused.exit).toBe(10);
      expect(refused.error?.code).toBe("BACKUP_DAMAGED");
    }
    await writeFile(file, bytes.subarray(0, bytes.length - 1));
    expect((await run("restore")).error?.code).toBe("BACKUP_DAMAGED");
    expect(/process_id:\d+/.exec(await lab.cli("r1:6379", "INFO", "server"))?.[0]).toBe(
      /process_id:\d+/.exec(pid)?.[0],
    );
    await expectAsBefore(place);
  });
});
