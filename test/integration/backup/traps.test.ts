import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { followBackups } from "../../../src/use-cases/backup/follow-backups.ts";
import { listBackups, showBackup } from "../../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../../src/use-cases/backup/verify-backups.ts";
import { type BackupPlace, backupOf, backupPlace, labName } from "../../support/backup.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/until.ts";

const { signal } = new AbortController();

/** A snapshot of nothing, whose checksum was never reckoned. */
const EMPTY = Buffer.concat([Buffer.from("REDIS0010"), Buffer.from([0xff]), Buffer.alloc(8)]);

const CHECK = 'redis-check-rdb "$1"';

let lab: TestLab;
let place: BackupPlace;
/** Folder in which r2 keeps its data. */
let data: string;

beforeAll(async () => {
  // One replica: what is wrong with it is wrong with the backup.
  lab = await bringUpLab({ name: labName(), topology: "replication", replicas: 1 });
  place = await backupPlace(lab);
  data = join(lab.status.folder, "hosts", "r2", "6379", "data");
  for (let i = 0; i < 40; i += 1) await lab.cli("r1:6379", "SET", `key:${i}`, "x".repeat(1_000));
  await until(async () => (await lab.cli("r2:6379", "DBSIZE")) === "40");
});
beforeEach(async () => {
  await lab.cli("r2:6379", "CONFIG", "SET", "rdb-key-save-delay", "0");
  await until(async () => (await info("persistence")).includes("rdb_bgsave_in_progress:0"));
});
afterAll(async () => {
  await lab.down();
  await place[Symbol.asyncDispose]();
});

const info = (section: string) => lab.cli("r2:6379", "INFO", section);
const left = async () => (await readdir(data)).filter((name) => name.startsWith(".redisha"));

/** What the run keeps on r2. */
function keptFile(): string {
  return readdirSync(data).find((name) => name.startsWith(".redisha-backup-")) ?? "none";
}

/** The child of r2 that saves, while it does. */
async function childOf(): Promise<number> {
  const pid = /^process_id:(\d+)/m.exec(await info("server"))?.[1];
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return Number(children.trim().split(" ")[0]);
}

describe("a save", () => {
  it("is told from those of others in the same second, for which LASTSAVE stays the same", async () => {
    await lab.cli("r2:6379", "BGSAVE");
    await until(async () => (await info("persistence")).includes("rdb_bgsave_in_progress:0"));
    const id = backupOf(await place.backUp());
    const { manifest } = await showBackup(place.deployment, id, signal);
    const created = Date.parse(manifest.shards[0]?.rdb?.created ?? "");
    expect(created).toBeGreaterThanOrEqual(Math.floor(Date.parse(manifest.started) / 1_000) * 1_000);
  });

  it("is asked for again when the server ended its child by itself and calls that a success", async () => {
    await lab.cli("r2:6379", "CONFIG", "SET", "rdb-key-save-delay", "50000");
    let killed = 0;
    const messages: string[] = [];
    const summary = await place.backUp(
      {},
      {
        onEvent: (event) => {
          if (event.type !== "op_progress" || event.step !== "save") return;
          messages.push(event.message);
          if (killed > 0) return;
          killed += 1;
          void (async () => {
            await until(async () => (await childOf()) > 0);
            process.kill(await childOf(), "SIGUSR1");
            await lab.cli("r2:6379", "CONFIG", "SET", "rdb-key-save-delay", "0");
          })();
        },
      },
    );
    backupOf(summary);
    expect(messages.join("\n")).toMatch(/asking again/);
    expect(await info("persistence")).toContain("rdb_last_bgsave_status:ok");
  });

  it("is one of its own, when another one was running already", async () => {
    await lab.cli("r2:6379", "CONFIG", "SET", "rdb-key-save-delay", "20000");
    await lab.cli("r2:6379", "BGSAVE");
    await lab.cli("r1:6379", "SET", "after", "the other save began");
    await lab.cli("r2:6379", "CONFIG", "SET", "rdb-key-save-delay", "0");
    const id = backupOf(await place.backUp());
    const detail = await showBackup(place.deployment, id, signal);
    expect(detail.row.keys).toBe(41);
  });

  it("whose child is killed has failed, and leaves the server as it was, and nothing in the repository", async () => {
    const before = await listBackups(place.deployment, signal);
    await lab.cli("r2:6379", "CONFIG", "SET", "rdb-key-save-delay", "50000");
    const failing = place.backUp();
    await until(async () => (await childOf().catch(() => 0)) > 0);
    process.kill(await childOf(), "SIGKILL");
    const summary = await failing;
    expect(summary).toMatchObject({ status: "failed", exit: 1, error: { code: "SAVE_FAILED" } });
    expect(await left()).toEqual([]);
    expect((await listBackups(place.deployment, signal)).backups.length).toBe(before.backups.length);
  });

  it("is kept though the server replaces its file before it is copied", async () => {
    const summary = await place.backUp(
      {},
      {
        onEvent: (event) => {
          if (event.type === "step_finished" && event.step === "save") void lab.cli("r2:6379", "BGSAVE");
        },
      },
    );
    backupOf(summary);
    expect(await left()).toEqual([]);
  });

  it("is stored while it is written, and once more where that was not what was checked", async () => {
    await lab.cli("r2:6379", "CONFIG", "SET", "rdbcompression", "no");
    await lab.cli("r2:6379", "CONFIG", "SET", "rdb-key-save-delay", "20000");
    const other = await readFile(join(data, "dump.rdb"));
    let storedMeanwhile = false;
    const summary = await place.backUp(
      {},
      {
        onEvent: (event) => {
          if (!("step" in event) || event.step !== "save") return;
          storedMeanwhile ||= readdirSync(place.repository, { recursive: true }).some((name) =>
            /dump\.rdb/.test(`${name}`),
          );
          if (event.type === "step_finished") writeFileSync(join(data, keptFile()), other);
        },
      },
    );
    await lab.cli("r2:6379", "CONFIG", "SET", "rdbcompression", "yes");
    const { manifest } = await showBackup(place.deployment, backupOf(summary), signal);
    expect(storedMeanwhile).toBe(true);
    expect(manifest.shards[0]?.files[0]?.sha256_raw).toBe(createHash("sha256").update(other).digest("hex"));
  });

  it("that is damaged on its host is not stored, though it is sent while it is checked", async () => {
    const before = await listBackups(place.deployment, signal);
    const summary = await place.backUp(
      {},
      {
        onEvent: (event) => {
          if (event.type !== "step_finished" || event.step !== "save") return;
          const file = openSync(join(data, keptFile()), "r+");
          writeSync(file, "?", fstatSync(file).size - 100);
          closeSync(file);
        },
      },
    );
    expect(summary).toMatchObject({ status: "failed", exit: 10, error: { code: "RDB_DAMAGED" } });
    expect((await listBackups(place.deployment, signal)).backups.length).toBe(before.backups.length);
    const stored = await readdir(place.repository, { recursive: true });
    expect(stored.filter((name) => name.includes(`${summary.run}/`))).toEqual([]);
    expect(await left()).toEqual([]);
  });

  // Trap 9: redis-check-rdb calls both of them good.
  it.each([
    ["has no key, though the server has", "RDB_EMPTY", () => EMPTY],
    ["goes on behind its end", "RDB_DAMAGED", (good: Buffer) => Buffer.concat([good, Buffer.alloc(700, 7)])],
  ])("whose file %s is no backup, whatever a checker says", async (_what, code, change) => {
    const before = await listBackups(place.deployment, signal);
    const summary = await place.backUp(
      {},
      {
        onEvent: (event) => {
          if (event.type !== "step_finished" || event.step !== "save") return;
          const file = join(data, keptFile());
          writeFileSync(file, change(readFileSync(file)));
          expect(execFileSync("sh", ["-c", CHECK, "sh", file], { encoding: "utf8" })).toContain("RDB looks OK!");
        },
      },
    );
    expect(summary).toMatchObject({ status: "failed", exit: 10, error: { code } });
    expect((await listBackups(place.deployment, signal)).backups.length).toBe(before.backups.length);
  });

  it("sweeps away what a run that was killed had kept", async () => {
    await writeFile(join(data, ".redisha-backup-20200101T000000Z-aaaaaa"), "left over");
    backupOf(await place.backUp());
    expect(await left()).toEqual([]);
  });

  it("works where the server writes no checksum and calls its file something else", async () => {
    await lab.cli("r2:6379", "CONFIG", "SET", "rdbcompression", "no");
    await appendFile(join(data, "..", "redis.conf"), "rdbchecksum no\ndbfilename other.rdb\n");
    await lab.restart("r2:6379");
    await until(async () => (await info("replication")).includes("master_link_status:up"));
    await until(async () => /state=online/.test(await lab.cli("r1:6379", "INFO", "replication")));
    const id = backupOf(await place.backUp());
    const { manifest } = await showBackup(place.deployment, id, signal);
    expect(manifest.shards[0]?.rdb?.checksum).toBe(false);
  });
});

describe("a source", () => {
  it("is no replica that never had the data of its primary, and would save a valid file without a key", async () => {
    const primary = lab.status.processes.find(({ id }) => id === "r1:6379")?.address ?? "";
    await lab.cli("r1:6379", "SET", "there", "is one");
    await lab.cli("r2:6379", "REPLICAOF", "NO", "ONE");
    await lab.cli("r2:6379", "FLUSHALL");
    // A primary that wants no password takes none either, so that the link stays down.
    await lab.cli("r2:6379", "CONFIG", "SET", "masterauth", "of another");
    await lab.cli("r2:6379", "REPLICAOF", primary, "6379");
    try {
      const summary = await place.backUp();
      expect(summary).toMatchObject({ status: "failed", exit: 4, error: { code: "BACKUP_NO_SOURCE" } });
      const allowed = await place.backUp({ allow_primary: "true" });
      const { manifest } = await showBackup(place.deployment, backupOf(allowed), signal);
      expect(manifest.shards[0]?.source).toMatchObject({ role: "primary", fell_back_to_primary: true });
    } finally {
      await lab.cli("r2:6379", "CONFIG", "SET", "masterauth", "");
      await until(async () => /state=online/.test(await lab.cli("r1:6379", "INFO", "replication")));
    }
  });

  it("that refuses replication says so, and stores nothing", async () => {
    const before = await listBackups(place.deployment, signal);
    await lab.cli("r2:6379", "ACL", "SETUSER", "default", "-psync");
    const summary = await place.backUp({ method: "sync" });
    await lab.cli("r2:6379", "ACL", "SETUSER", "default", "+psync");
    expect(summary).toMatchObject({ status: "failed", error: { code: "SNAPSHOT_REFUSED" } });
    expect((await listBackups(place.deployment, signal)).backups.length).toBe(before.backups.length);
  });
});

describe("servers without an append-only file", () => {
  it("are not followed, and that is said at once and not tried for ever", async () => {
    const request = { everyMs: 100, keepMs: 60_000, once: false, signal, tell: () => undefined };
    const refused = followBackups(place.deployment, request);
    await expect(refused).rejects.toMatchObject({ code: "FOLLOW_NO_SOURCE", exit: 4 });
  });
});

describe("a stored backup", () => {
  it("is found to be damaged at whichever byte that happens, and is told from a whole one", async () => {
    const id = backupOf(await place.backUp());
    const folder = join(place.repository, place.deployment.name, "backups", id);
    const file = join(folder, "shards", "main", "dump.rdb.zst");
    const good = await readFile(file);
    const verify = () =>
      verifyBackups(place.deployment, {
        level: "stored",
        ids: [id],
        identities: [],
        signal,
        progress: () => undefined,
      });
    for (let i = 0; i < 20; i += 1) {
      const bad = Buffer.from(good);
      const at = Math.floor((i * good.length) / 20);
      bad[at] = (bad[at] ?? 0) ^ (1 << (i % 8));
      await writeFile(file, bad);
      expect((await verify()).exit).toBe(10);
    }
    await writeFile(file, good);
    expect((await verify()).exit).toBe(0);
    await writeFile(file, good.subarray(0, -1));
    await expect(verify()).rejects.toMatchObject({ code: "BACKUP_DAMAGED", exit: 10 });
    await writeFile(file, good);
  });

  it("can be opened without redisha, with zstd and redis-check-rdb alone", async () => {
    const id = backupOf(await place.backUp());
    const folder = join(place.repository, place.deployment.name, "backups", id);
    const script = `set -e; cd "$1"; sha256sum -c manifest.json.sha256; zstd -dc shards/main/dump.rdb.zst >"$2"; redis-check-rdb "$2"`;
    const plain = join(place.repository, "plain.rdb");
    const { stdout } = await promisify(execFile)("sh", ["-c", script, "sh", folder, plain]);
    expect(stdout).toContain("manifest.json: OK");
    expect(stdout).toContain("RDB looks OK!");
  });

  it("is made by one run at a time", async () => {
    const [a, b] = await Promise.all([
      place.backUp(),
      sleep(20).then(() => place.backUp().catch((error: unknown) => error)),
    ]);
    const codes = [a, b].map((each) =>
      each instanceof Error && "exit" in each ? each.exit : (each as { exit: number }).exit,
    );
    expect(codes.sort()).toEqual([0, 5]);
  });
});
