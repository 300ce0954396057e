import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { listBackups } from "../../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../../src/use-cases/backup/verify-backups.ts";
import { type BackupPlace, backupOf, backupPlace, labName } from "../../support/backup.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";
import { startSshd } from "../../support/sshd.ts";
import { until } from "../../support/until.ts";

const { signal } = new AbortController();
let lab: TestLab;
let place: BackupPlace;
let data: string;

beforeAll(async () => {
  lab = await bringUpLab({ name: labName(), topology: "replication", replicas: 1 });
  // Slow enough to be broken off in the middle: noise neither compresses nor hurries.
  place = await backupPlace(lab, ["bandwidth: 200kb", "compression: 1"]);
  data = join(lab.status.folder, "hosts", "r2", "6379", "data");
  for (let i = 0; i < 20; i += 1) await lab.cli("r1:6379", "SET", `noise:${i}`, noise(15_000));
  await until(async () => (await lab.cli("r2:6379", "DBSIZE")) === "20");
});
afterAll(async () => {
  await lab.down();
  await place[Symbol.asyncDispose]();
});

function noise(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64");
}

const kept = async () => (await readdir(data)).filter((name) => name.startsWith(".redisha"));
const backups = async () => (await listBackups(place.deployment, signal)).backups;
const complete = async () => (await backups()).filter(({ state }) => state === "complete").map(({ id }) => id);

/** What lies in the repository of runs that are no backups. */
async function remains(): Promise<string[]> {
  const good = await complete();
  const folder = join(place.repository, place.deployment.name, "backups");
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return files
    .filter((entry) => entry.isFile() && !good.some((id) => join(entry.parentPath, "/").includes(`/${id}/`)))
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Values that a backup must not leave changed. */
async function settings(): Promise<string> {
  const names = ["save", "dir", "dbfilename", "auto-aof-rewrite-percentage", "stop-writes-on-bgsave-error"];
  return Promise.all(names.map((name) => lab.cli("r2:6379", "CONFIG", "GET", name))).then((all) => all.join("\n"));
}

/**
 * Twelve megabytes of noise: more than an SSH connection holds on its way, so that a line which is cut a few seconds late is cut in
 * mid-stream all the same.
 */
async function withMuch(): Promise<AsyncDisposable> {
  const noisy = `for k = 1, 120 do
    local bytes = {}
    for i = 1, 100000 do bytes[i] = string.char(math.random(0, 255)) end
    redis.call('SET', 'much:' .. k, table.concat(bytes))
  end`;
  await lab.cli("r1:6379", "EVAL", noisy, "0");
  await until(async () => (await lab.cli("r2:6379", "DBSIZE")) === (await lab.cli("r1:6379", "DBSIZE")));
  const keys = Array.from({ length: 120 }, (_, k) => `much:${k + 1}`);
  return { [Symbol.asyncDispose]: async () => void (await lab.cli("r1:6379", "UNLINK", ...keys)) };
}

/** Ends every sshd session on the host of r2, and no listener: what a cut line does to whoever is logged in. */
async function cutSessions(): Promise<number> {
  const listener = (await lab.ps()).find(({ service, host }) => service === "sshd" && host === "r2")?.pid;
  const children = await readFile(`/proc/${listener}/task/${listener}/children`, "utf8");
  const sessions = children.trim().split(" ").filter(Boolean).map(Number);
  for (const pid of sessions) process.kill(pid, "SIGKILL");
  return sessions.length;
}

describe("a backup that is broken off", () => {
  afterEach(async () => {
    expect(await lab.cli("r1:6379", "SET", "still", "writable")).toBe("OK");
  });

  it("by a line that is cut in mid-stream leaves nothing behind, and says what to do", async () => {
    await using _ = await withMuch();
    const before = [await complete(), await settings()];
    let cut = 0;
    const summary = await place.backUp(
      {},
      {
        onEvent: (event) => {
          if (cut > 0 || event.type !== "op_progress" || event.step !== "upload") return;
          cut = 1;
          void cutSessions().then((sessions) => {
            cut = sessions;
          });
        },
      },
    );
    expect(cut).toBeGreaterThan(0);
    expect(summary.status).toBe("failed");
    expect([await complete(), await settings()]).toEqual(before);
    expect(await remains()).toEqual([]);
    expect(await kept()).toEqual([]);
  });

  it("by an operator in mid-upload is taken away at once", async () => {
    const before = await complete();
    const stop = new AbortController();
    const summary = await place.backUp(
      {},
      {
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === "op_progress" && event.step === "upload") stop.abort(new Error("stopped"));
        },
      },
    );
    expect(summary.status).not.toBe("done");
    expect(await complete()).toEqual(before);
    // What is asked to stop now may leave what the next one takes away.
    backupOf(await place.backUp());
    expect(await remains()).toEqual([]);
    expect(await kept()).toEqual([]);
  });

  it.each([
    ["a save begins", '"op_started","step":"save"'],
    ["part of it is stored", '"op_progress","step":"upload"'],
    ["what is stored is read back", '"op_started","step":"read_back"'],
    ["it becomes a backup", '"op_started","step":"commit"'],
    ["what it held is let go", '"op_started","step":"release"'],
  ])("by kill -9 when %s is no backup or a good one, and the next one cleans up", async (_when, moment) => {
    const [before, config] = [await complete(), await settings()];
    const killed = await redisha(["backup", "--file", lab.file, "-o", "jsonl"], {
      onStdout: (text, kill) => {
        if (text.includes(moment)) kill("SIGKILL");
      },
    });
    expect(killed.signal, killed.stdout.slice(-1_000)).toBe("SIGKILL");
    for (const id of await complete()) {
      if (before.includes(id)) continue;
      const look = { level: "stored" as const, ids: [id], identities: [], signal, progress: () => undefined };
      expect((await verifyBackups(place.deployment, look)).exit).toBe(0);
    }
    const run = /"run":"([^"]+)"/.exec(killed.stdout)?.[1] ?? "";
    const unlock = ["unlock", "--file", lab.file, "--run", run, "--force", "--confirm", place.deployment.name];
    expect((await redisha(unlock)).code).toBe(0);
    backupOf(await place.backUp());
    expect(await remains()).toEqual([]);
    expect(await kept()).toEqual([]);
    expect(await settings()).toBe(config);
  });

  it("cannot be gone on with once it has cleaned up, and says so", async () => {
    const state = join(place.repository, "..", "program-state");
    const env = { REDISHA_STATE_DIR: state };
    await mkdir(state);
    await using _ = await withMuch();
    let cut = false;
    const failed = await redisha(["backup", "--file", lab.file, "-o", "jsonl"], {
      env,
      onStdout: (text) => {
        if (cut || !/"op_progress".*"upload"/.test(text)) return;
        cut = true;
        void cutSessions();
      },
    });
    expect(cut).toBe(true);
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).not.toContain("runs resume");
    const [journal = ""] = (await readdir(join(state, "runs"))).filter((name) => name.endsWith(".jsonl"));
    const resumed = await redisha(["runs", "resume", journal.replace(".jsonl", ""), "--file", lab.file], { env });
    expect(resumed.stderr).toContain("BACKUP_TAKEN_AWAY");
    expect(resumed.stderr).toContain("redisha backup");
  });
});

describe.runIf(process.getuid?.() === 0)("a host whose disk is full", () => {
  it("refuses before the save where that is known, and else leaves the server as it was", async () => {
    await using tight = await bringUpLab({ name: labName(), topology: "replication", replicas: 1 });
    await using there = await backupPlace(tight);
    const folder = join(tight.status.folder, "hosts", "r2", "6379", "data");
    for (let i = 0; i < 40; i += 1) await tight.cli("r1:6379", "SET", `noise:${i}`, noise(15_000));
    await until(async () => (await tight.cli("r2:6379", "DBSIZE")) === "40");
    await tight.kill("r2:6379");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]);
    try {
      await tight.restart("r2:6379");
      await until(async () => /state=online/.test(await tight.cli("r1:6379", "INFO", "replication")));
      const fill = (kib: number) =>
        execFileSync("dd", ["if=/dev/zero", `of=${join(folder, "filler")}`, "bs=1024", `count=${kib}`], {
          stdio: "ignore",
        });
      fill(900);
      const refused = await there.backUp();
      expect(refused).toMatchObject({ status: "failed", exit: 4, error: { code: "BACKUP_NO_ROOM" } });
      // The room is there when it is looked at, and gone when the child writes.
      fill(1);
      const summary = await there.backUp(
        {},
        {
          onEvent: (event) => {
            if (event.type === "step_finished" && event.step === "room") fill(1_100);
          },
        },
      );
      expect(summary).toMatchObject({ status: "failed", error: { code: "SAVE_FAILED" } });
      expect((await listBackups(there.deployment, signal)).backups).toEqual([]);
      expect((await readdir(folder)).filter((name) => /^\.redisha|^temp-/.test(name))).toEqual([]);
      fill(1);
      backupOf(await there.backUp());
    } finally {
      await tight.kill("r2:6379");
      execFileSync("umount", ["-l", folder]);
    }
  });
});

describe("the other ways", () => {
  it("lead to a repository over SFTP, from the backup to the server that loads it", async () => {
    const box = await startSshd({ config: ["Subsystem sftp internal-sftp"] });
    try {
      await using other = await bringUpLab({ name: labName(), topology: "replication", replicas: 1 });
      const url = `sftp://${box.user}@${box.address}:${box.port}${join(box.directory, "backups")}`;
      await using there = await backupPlace(other, [
        `repository: ${url}`,
        `sftp: { identity: ${box.identity}, known_hosts: ${box.knownHosts} }`,
      ]);
      await other.cli("r1:6379", "SET", "key", "value");
      await until(async () => (await other.cli("r2:6379", "DBSIZE")) === "1");
      const id = backupOf(await there.backUp());
      const look = { level: "restore" as const, ids: [id], identities: [], signal, progress: () => undefined };
      expect((await verifyBackups(there.deployment, look)).backups[0]).toMatchObject({ ok: true, keys: 1 });
    } finally {
      await box.stop();
    }
  });

  it("pull by replication over TLS, with users, and count the keys", async () => {
    await using safe = await bringUpLab({
      name: labName(),
      topology: "replication",
      replicas: 1,
      tls: true,
      auth: "acl",
    });
    await using there = await backupPlace(safe);
    await safe.cli("r1:6379", "SET", "key", "value");
    await until(async () => (await safe.cli("r2:6379", "DBSIZE")) === "1");
    const id = backupOf(await there.backUp({ method: "sync" }));
    const look = { level: "restore" as const, ids: [id], identities: [], signal, progress: () => undefined };
    expect((await verifyBackups(there.deployment, look)).backups[0]).toMatchObject({ ok: true, keys: 1 });
    expect((await listBackups(there.deployment, signal)).backups[0]?.keys).toBe(1);

    // That nobody answers is no lack of sources: whoever is told of it is to look at the password.
    for (const node of ["r1:6379", "r2:6379"]) await safe.cli(node, "ACL", "SETUSER", "redisha", "resetpass", ">other");
    expect(await there.backUp()).toMatchObject({ status: "failed", exit: 6, error: { code: "REDIS_WRONGPASS" } });
  });
});
