import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { showBackup } from "../../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../../src/use-cases/backup/verify-backups.ts";
import { backupOf, backupPlace, labName } from "../../support/backup.ts";
import { ENGINES } from "../../support/engines.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/until.ts";

const { signal } = new AbortController();
const quiet = () => undefined;
const keys = await mkdtemp(join(tmpdir(), "redisha-test-keys-"));
afterAll(() => rm(keys, { recursive: true, force: true }));
const identity = join(keys, "key.txt");
await promisify(execFile)("age-keygen", ["-o", identity]);
const recipient = (await promisify(execFile)("age-keygen", ["-y", identity])).stdout.trim();

/** Every type, several databases, keys that expire and keys that do not. */
async function fill(lab: TestLab): Promise<void> {
  const cli = (...command: string[]) => lab.cli("r1:6379", ...command);
  for (let i = 0; i < 20; i += 1) await cli("SET", `string:${i}`, `value ${i}`.repeat(50));
  await cli("HSET", "hash", "a", "1", "b", "2");
  await cli("RPUSH", "list", "1", "2", "3");
  await cli("ZADD", "sorted", "1", "one", "2.5", "two");
  await cli("XADD", "stream", "*", "field", "value");
  await cli("XGROUP", "CREATE", "stream", "group", "0");
  await cli("SET", "expires", "soon", "EX", "1000");
  await cli("-n", "3", "SET", "elsewhere", "1");
}

const KEYS = 20 + 4 + 1 + 1;

/** Until both replicas are where the primary is. */
async function inStep(lab: TestLab): Promise<void> {
  await until(async () => {
    const info = await lab.cli("r1:6379", "INFO", "replication");
    const offset = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
    return (info.match(new RegExp(`state=online,offset=${offset},`, "g")) ?? []).length === 2;
  });
}

describe.each(ENGINES)("backups of %s", (engine) => {
  it("are made of a replica, encrypted, and load into a server with every key that was there", async () => {
    await using lab = await bringUpLab({ name: labName(), topology: "sentinel", auth: "acl", engine });
    await using place = await backupPlace(lab, [`encrypt_to: [${recipient}]`]);
    await fill(lab);
    await inStep(lab);
    const id = backupOf(await place.backUp({ tag: "night,one", reason: "a test" }));

    const { manifest, row } = await showBackup(place.deployment, id, signal);
    expect(row).toMatchObject({ state: "complete", encrypted: true, keys: KEYS, tags: ["night", "one"] });
    const [shard] = manifest.shards;
    expect(shard?.source.role).toBe("replica");
    expect(shard?.server.name).toBe(engine.split("-")[0]);
    expect(shard?.server.version.startsWith(engine.split("-")[1] ?? "?")).toBe(true);
    const kinds = new Set(manifest.meta.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["redis-conf", "sentinel-conf", "topology", "users-acl"]);
    expect(manifest.left_out).toEqual([]);

    const request = { ids: undefined, identities: [identity], signal, progress: quiet };
    for (const level of ["stored", "rdb", "restore"] as const) {
      const { backups, exit } = await verifyBackups(place.deployment, { ...request, level });
      expect({ level, exit, problems: backups[0]?.problems }).toEqual({ level, exit: 0, problems: [] });
      if (level !== "stored") expect(backups[0]?.keys).toBe(KEYS);
    }
    for (const host of ["r1", "r2", "r3"]) {
      const files = await readdir(join(lab.status.folder, "hosts", host, "6379", "data"));
      expect(files.filter((name) => name.startsWith(".redisha"))).toEqual([]);
    }
  });

  it("are pulled by replication, with or without a file of the server, byte for byte what a checker accepts", async () => {
    await using lab = await bringUpLab({ name: labName(), topology: "replication", engine });
    await using place = await backupPlace(lab);
    await fill(lab);
    await inStep(lab);
    for (const diskless of ["yes", "no"]) {
      for (const node of ["r2:6379", "r3:6379"]) await lab.cli(node, "CONFIG", "SET", "repl-diskless-sync", diskless);
      const id = backupOf(await place.backUp({ method: "sync" }));
      const { backups } = await verifyBackups(place.deployment, {
        level: "rdb",
        ids: [id],
        identities: [],
        signal,
        progress: quiet,
      });
      expect({ diskless, ...backups[0] }).toMatchObject({ diskless, ok: true, keys: KEYS, problems: [] });
    }
  });

  it("are made of the append-only file, whose rewriting is as it was afterwards", async () => {
    await using lab = await bringUpLab({
      name: labName(),
      topology: "replication",
      engine,
      config: { appendonly: "yes" },
    });
    await using place = await backupPlace(lab);
    await fill(lab);
    await inStep(lab);
    const id = backupOf(await place.backUp({ method: "aof" }));
    const { backups } = await verifyBackups(place.deployment, {
      level: "restore",
      ids: [id],
      identities: [],
      signal,
      progress: quiet,
    });
    expect(backups[0]).toMatchObject({ ok: true, keys: KEYS, problems: [] });
    for (const node of ["r1:6379", "r2:6379", "r3:6379"]) {
      const answer = await lab.cli(node, "CONFIG", "GET", "auto-aof-rewrite-percentage");
      expect(answer).toBe("auto-aof-rewrite-percentage\n100");
    }
  });
});
