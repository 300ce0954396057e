import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { followBackups } from "../../src/use-cases/backup/follow-backups.ts";
import { showBackup } from "../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../src/use-cases/backup/verify-backups.ts";
import { backupOf, backupPlace, labName } from "../support/backup.ts";
import { bringUpLab } from "../support/lab.ts";
import { until } from "../support/until.ts";

const { signal } = new AbortController();
const FLIPS = 500;

it("every flipped bit, every truncation and every swap of stored files is found", async () => {
  await using lab = await bringUpLab({ name: labName(), topology: "replication", replicas: 1 });
  await using place = await backupPlace(lab);
  for (let i = 0; i < 40; i += 1) await lab.cli("r1:6379", "SET", `key:${i}`, `value ${i}`.repeat(100));
  await until(async () => (await lab.cli("r2:6379", "DBSIZE")) === "40");
  const id = backupOf(await place.backUp());
  const folder = join(place.repository, place.deployment.name, "backups", id);
  const { manifest } = await showBackup(place.deployment, id, signal);
  const names = [...manifest.shards.flatMap(({ files }) => files), ...manifest.meta].map(({ name }) => name);
  const verify = () =>
    verifyBackups(place.deployment, {
      level: "stored",
      ids: [id],
      identities: [],
      signal,
      progress: () => undefined,
    }).then(
      ({ exit }) => exit,
      (error: unknown) => (error instanceof Error && "exit" in error ? error.exit : -1),
    );
  for (const name of [...names, "manifest.json"]) {
    const path = join(folder, name);
    const good = await readFile(path);
    const tries = Math.ceil(FLIPS / (names.length + 1));
    for (let i = 0; i < tries; i += 1) {
      const bad = Buffer.from(good);
      const bit = Math.floor(Math.random() * good.length * 8);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await writeFile(path, bad);
      expect({ name, bit, exit: await verify() }).toEqual({ name, bit, exit: 10 });
      await writeFile(path, good.subarray(0, Math.floor(Math.random() * good.length)));
      expect(await verify()).toBe(10);
    }
    const other = names.find((each) => each !== name) ?? "";
    await writeFile(path, await readFile(join(folder, other)));
    expect({ name, swappedWith: other, exit: await verify() }).toMatchObject({ exit: 10 });
    await writeFile(path, good);
    expect(await verify()).toBe(0);
  }
});

it("every flipped bit, every truncation and every swap of what is followed is found", async () => {
  const config = { appendonly: "yes", "aof-timestamp-enabled": "yes", "auto-aof-rewrite-percentage": "0" };
  await using lab = await bringUpLab({ name: labName(), topology: "replication", replicas: 0, config });
  await using place = await backupPlace(lab);
  const follow = () =>
    followBackups(place.deployment, { everyMs: 1, keepMs: 3_600_000, once: true, signal, tell: () => undefined });
  for (const key of ["one", "two", "three"]) {
    await lab.cli("r1:6379", "SET", key, "value".repeat(1_000));
    await follow();
    if (key === "two") continue;
    await lab.cli("r1:6379", "BGREWRITEAOF");
    await until(async () => (await lab.cli("r1:6379", "INFO", "persistence")).includes("aof_rewrite_in_progress:0"));
  }
  await until(async () => (await follow()).shards[0]?.reaches !== null);
  const entries = await readdir(join(place.repository, place.deployment.name, "follow"), {
    recursive: true,
    withFileTypes: true,
  });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("locks") && entry.name !== "verified.json")
    .map(({ parentPath, name }) => join(parentPath, name));
  const verify = async () =>
    (
      await verifyBackups(place.deployment, {
        level: "stored",
        ids: "all",
        identities: [],
        signal,
        progress: () => undefined,
      })
    ).exit;
  for (const path of files) {
    const good = await readFile(path);
    for (let i = 0; i < Math.ceil(FLIPS / files.length); i += 1) {
      const bad = Buffer.from(good);
      const bit = Math.floor(Math.random() * good.length * 8);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await writeFile(path, bad);
      expect({ path, bit, exit: await verify() }).toEqual({ path, bit, exit: 10 });
      // The last byte of a record is the end of its line, and says nothing.
      await writeFile(path, good.subarray(0, Math.floor(Math.random() * (good.length - 1))));
      expect({ path, exit: await verify() }).toEqual({ path, exit: 10 });
    }
    const other = files.find((each) => each !== path) ?? "";
    await writeFile(path, await readFile(other));
    expect({ path, swappedWith: other, exit: await verify() }).toMatchObject({ exit: 10 });
    await writeFile(path, good);
    expect(await verify()).toBe(0);
  }
});
