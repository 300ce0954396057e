import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { planPrune } from "../../../src/backup/prune.ts";
import { acquireLock } from "../../../src/repository/acquire-lock.ts";
import { newBackupId } from "../../../src/repository/backup-id.ts";
import { findComplete, isVerified, readCatalog } from "../../../src/repository/catalog.ts";
import { checkRepository } from "../../../src/repository/check-repository.ts";
import { commitBackup, recordVerification } from "../../../src/repository/commit.ts";
import { cleanUnfinished, deleteBackup } from "../../../src/repository/delete-backup.ts";
import { holdBackup, releaseBackup } from "../../../src/repository/hold.ts";
import { backupFolder, REPOSITORY_KEY } from "../../../src/repository/layout.ts";
import type { Verification } from "../../../src/repository/manifest.ts";
import { openRepository, type Repository } from "../../../src/repository/repository.ts";
import { manifestOf, storeBackup, storeFile } from "../../support/backups.ts";
import { s3ServerIsInstalled } from "../../support/s3.ts";
import { GROUNDS, keysOf, noise, type StoreGround, startGround } from "../../support/stores.ts";

const HELD = { reason: "before the migration", by: "ops", at: "2026-11-20T16:00:00.000Z" };
const VERIFIED: Verification = {
  level: "rdb",
  at: "2026-11-21T03:00:00.000Z",
  ok: true,
  redisha_version: "0.1.0",
  duration_ms: 12,
  problems: [],
};

describe.each(GROUNDS)("a repository of kind %s", (kind) => {
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

  const states = async () => (await readCatalog(repository)).backups.map(({ id, state }) => [id, state]);
  const key = (id: string, name: string) => `${backupFolder("shop", id)}${name}`;
  const overwrite = async (at: string, content: Buffer) => {
    await repository.store.replace(at, content);
  };

  it("has one id, whoever opens it, and none before it was made", async () => {
    const policy = await ground.policy();
    const before = await openRepository(policy, "shop");
    expect(before.id).toBeUndefined();
    expect(await keysOf(before.store)).toEqual([]);
    const opened = await Promise.all([1, 2].map(() => openRepository(policy, "shop", { create: true })));
    const again = await openRepository(policy, "other");
    // A server without conditional writes lets the last of two win: what it is from then on is the same for all.
    expect(opened.map(({ id }) => id)).toContain(again.id);
    expect(again.id).toMatch(/^[0-9a-f-]{36}$/);
    await Promise.all([before, again, ...opened].map(({ store }) => store.close()));
  });

  it("is not opened where its root was written by something else, or by a newer redisha", async () => {
    const policy = await ground.policy();
    const { store } = await openRepository(policy, "shop", { create: true });
    await store.replace(REPOSITORY_KEY, Buffer.from("{"));
    await expect(openRepository(policy, "shop")).rejects.toMatchObject({ code: "REPOSITORY_NOT_REDISHA" });
    await store.replace(REPOSITORY_KEY, Buffer.from('{"format":2,"id":"x","created":""}'));
    await expect(openRepository(policy, "shop")).rejects.toMatchObject({ code: "REPOSITORY_TOO_NEW", exit: 2 });
    await store.close();
  });

  it("counts a backup from its manifest on, and not before", async () => {
    const id = newBackupId();
    const file = await storeFile(repository, id);
    expect(await states()).toEqual([[id, "unfinished"]]);
    await commitBackup(repository, manifestOf(repository, id, [file]));
    expect(await states()).toEqual([[id, "complete"]]);
    expect(findComplete(await readCatalog(repository))?.manifest).toEqual(manifestOf(repository, id, [file]));
    await expect(commitBackup(repository, manifestOf(repository, id, [file]))).rejects.toMatchObject({
      code: "OBJECT_EXISTS",
    });
  });

  it("goes by when they ended where two were begun in one second", async () => {
    const stamp = newBackupId().split("-")[0] ?? "";
    await storeBackup(repository, { finished: "2026-11-20T15:31:02.000Z" }, `${stamp}-000000`);
    await storeBackup(repository, { finished: "2026-11-20T15:31:01.000Z" }, `${stamp}-ffffff`);
    expect(findComplete(await readCatalog(repository))?.id).toBe(`${stamp}-000000`);
  });

  it("does not finish a backup whose files are not all there", async () => {
    const id = newBackupId();
    const file = await storeFile(repository, id);
    const short = { ...file, size_stored: file.size_stored + 1 };
    await expect(commitBackup(repository, manifestOf(repository, id, [short]))).rejects.toMatchObject({
      code: "BACKUP_INCOMPLETE",
    });
    const other = { ...file, name: "shards/main/none" };
    await expect(commitBackup(repository, manifestOf(repository, id, [other]))).rejects.toMatchObject({
      code: "BACKUP_INCOMPLETE",
      exit: 10,
    });
    expect(await states()).toEqual([[id, "unfinished"]]);
  });

  it("never lists as complete what lost a file, a byte or its manifest", async () => {
    const file = "shards/main/dump.rdb.zst";
    const { id } = await storeBackup(repository);
    const damages: [string, string | undefined, RegExp][] = [
      [file, "longer than it was before, by far", /has 33 bytes in place of/],
      [file, undefined, /is missing/],
      ["manifest.json", "{}", /its digest is another one/],
      ["manifest.json.sha256", undefined, /manifest.json.sha256 is missing/],
    ];
    for (const [name, content, problem] of damages) {
      const saved = await storeBackup(repository);
      if (content === undefined) await repository.store.delete(key(saved.id, name));
      else await overwrite(key(saved.id, name), Buffer.from(content));
      const entry = (await readCatalog(repository)).backups.find((each) => each.id === saved.id);
      expect(entry).toMatchObject({ state: "damaged", problems: [expect.stringMatching(problem)] });
      expect((await checkRepository(repository, { level: "size", ids: [saved.id] })).findings).toMatchObject([
        { code: "backup-damaged", severity: "error", backup: saved.id },
      ]);
    }
    expect(findComplete(await readCatalog(repository))?.id).toBe(id);
  });

  it("finds by reading what sizes do not tell: changed bytes, objects of nobody, uploads that were cut off", async () => {
    const { id, shards } = await storeBackup(repository);
    const file = shards[0]?.files[0];
    await overwrite(key(id, file?.name ?? ""), Buffer.alloc(file?.size_stored ?? 0, 7));
    await repository.store.create(key(id, "shards/main/stray"), Buffer.from("x"));
    const unfinished = newBackupId();
    await storeFile(repository, unfinished);
    const codes = async (level: "size" | "digest") => {
      const { findings } = await checkRepository(repository, { level });
      return findings.map(({ code }) => code).sort();
    };
    expect(await codes("size")).toEqual(["backup-unfinished", "orphan"]);
    expect(await codes("digest")).toEqual(["backup-unfinished", "object-damaged", "orphan"]);
  });

  it("keeps what was found later beside the manifest, which stays as it was", async () => {
    const manifest = await storeBackup(repository);
    expect(isVerified({ verifications: [] })).toBe(false);
    await recordVerification(repository, manifest.id, VERIFIED);
    await recordVerification(repository, manifest.id, { ...VERIFIED, at: "2026-11-22T03:00:00.000Z", ok: false });
    const entry = findComplete(await readCatalog(repository), manifest.id);
    expect(entry?.manifest).toEqual(manifest);
    expect(entry?.verifications.map(({ ok }) => ok)).toEqual([true, false]);
    expect(entry && isVerified(entry)).toBe(false);
    expect((await checkRepository(repository, { level: "digest" })).findings).toEqual([]);
  });

  it("deletes what nobody holds or needs, and goes on where deleting was cut off", async () => {
    const base = await storeBackup(repository);
    const chained = await storeBackup(repository, { needs: [base.id] });
    await holdBackup(repository, chained.id, HELD);
    const remove = async (id: string) => await deleteBackup(repository, await readCatalog(repository), id);
    await expect(remove(chained.id)).rejects.toMatchObject({ code: "BACKUP_HELD", exit: 4 });
    await expect(remove(base.id)).rejects.toMatchObject({ code: "BACKUP_NEEDED", exit: 4 });
    await expect(remove(newBackupId())).rejects.toMatchObject({ code: "BACKUP_NOT_FOUND" });
    await releaseBackup(repository, chained.id);
    expect(await remove(chained.id)).toBeGreaterThan(100);
    // As if it had ended right after the manifest.
    await repository.store.delete(key(base.id, "manifest.json"));
    expect(await states()).toEqual([[base.id, "unfinished"]]);
    expect(await cleanUnfinished(repository, await readCatalog(repository))).toMatchObject([{ id: base.id }]);
    expect(await keysOf(repository.store)).toEqual([REPOSITORY_KEY]);
  });

  it("expires nothing behind an attempt that died, nor while the newest backup was found to be bad", async () => {
    const rules = { retention: { last: 1 }, minimumRedundancy: 1, timezone: "UTC" };
    const signal = new AbortController().signal;
    const kept = async () => (await planPrune(repository, rules, signal)).decisions.map(({ keep }) => keep);
    await storeBackup(repository, {}, "20261119T000000Z-000000");
    const { id: newest } = await storeBackup(repository, {}, "20261120T000000Z-000000");
    expect(await kept()).toEqual([true, false]);

    await recordVerification(repository, newest, { ...VERIFIED, ok: false });
    expect(await kept()).toEqual([true, true]);
    await recordVerification(repository, newest, { ...VERIFIED, at: "2026-11-22T03:00:00.000Z" });
    expect(await kept()).toEqual([true, false]);

    await storeFile(repository, "20261121T000000Z-000000");
    expect(await kept()).toEqual([true, true]);
    await cleanUnfinished(repository, await readCatalog(repository));
    expect(await kept()).toEqual([true, false]);
  });

  it("clears away what dead runs left, and nothing of the living", async () => {
    const dead = newBackupId();
    const alive = newBackupId();
    await storeFile(repository, dead);
    await storeFile(repository, alive);
    const lock = await acquireLock(repository, { kind: "shared", purpose: "backup", backupId: alive });
    const catalog = await readCatalog(repository);
    expect(catalog.backups.find(({ id }) => id === alive)).toMatchObject({ running: { pid: process.pid } });
    expect(await cleanUnfinished(repository, catalog)).toMatchObject([{ id: dead }]);
    expect(await states()).toEqual([[alive, "unfinished"]]);
    await lock.release();
  });

  it("tells deployments that share it apart", async () => {
    await storeBackup(repository);
    const other = { ...repository, deployment: "shop-2" };
    await storeBackup(other);
    expect((await readCatalog(repository)).backups).toHaveLength(1);
    expect((await readCatalog(other)).backups).toHaveLength(1);
    const lock = await acquireLock(repository, { kind: "exclusive", purpose: "prune" });
    await (await acquireLock(other, { kind: "exclusive", purpose: "prune" })).release();
    await lock.release();
  });

  it("is not slowed down by bytes that nobody asked for", async () => {
    const id = newBackupId();
    await repository.store.put(key(id, "shards/main/dump.rdb"), noise(9 * 1024 * 1024), { estimate: 9e6 });
    expect(await states()).toEqual([[id, "unfinished"]]);
  });
});
