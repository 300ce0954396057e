import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { type BackupPlace, backupOf, backupPlace, labName } from "../../support/backup.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { inShell } from "../../support/redisha.ts";
import { until } from "../../support/until.ts";

let lab: TestLab;
let place: BackupPlace;
let folder: string;
let news: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redisha-test-cron-"));
  news = join(folder, "news");
  await writeFile(join(folder, "hook"), `#!/bin/sh\ncat >>'${news}'\n`);
  await chmod(join(folder, "hook"), 0o755);
  lab = await bringUpLab({ name: labName(), topology: "replication", replicas: 1 });
  await appendFile(lab.file, `    notify: { command: [${join(folder, "hook")}] }\n`);
  place = await backupPlace(lab, ["s3: { region: us-east-1 }"]);
  await lab.cli("r1:6379", "SET", "key", "value");
  await until(async () => (await lab.cli("r2:6379", "DBSIZE")) === "1");
});
afterAll(async () => {
  await lab.down();
  await place[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** As cron runs it: next to no environment, no terminal, nothing to read. */
function fromCron(file: string, ...more: readonly string[]) {
  const env = [
    `HOME=${folder}`,
    `PATH=${join(process.execPath, "..")}:/usr/bin:/bin`,
    `REDISHA_STATE_DIR=${folder}/state`,
  ];
  const argv = [packagePath("bin", "run.js"), "backup", "--file", file, "--textfile", metrics(), ...more];
  return inShell(`env -i ${[...env, process.execPath, ...argv].map((word) => `'${word}'`).join(" ")} </dev/null`);
}
const metrics = () => join(folder, "redisha.prom");
const metric = async (name: string) =>
  new RegExp(`^redisha_backup_${name}\\{deployment="${place.deployment.name}"\\} (\\S+)$`, "m").exec(
    await readFile(metrics(), "utf8"),
  )?.[1];

/** The inventory of the lab with something else in it. */
async function changed(from: RegExp, to: string): Promise<string> {
  const path = join(lab.file, "..", "changed.yaml");
  await writeFile(path, (await readFile(lab.file, "utf8")).replace(from, to));
  return path;
}

describe("a backup from cron", () => {
  it("says nothing where all is well, and tells nobody", async () => {
    expect(await fromCron(lab.file)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await metric("last_exit_code")).toBe("0");
    await expect(readFile(news)).rejects.toThrow();
  });

  it("fails with one message, in the metrics and to whoever is to be told, where the repository is away", async () => {
    const good = await metric("last_success_timestamp_seconds");
    const away = await changed(/repository: .*/, "repository: sftp://nobody@127.0.0.1:9/backups");
    const { code, stderr } = await fromCron(away);
    expect(code).toBe(6);
    expect(stderr.match(/^Error /gm)).toHaveLength(1);
    expect(await metric("last_exit_code")).toBe("6");
    expect(await metric("last_success_timestamp_seconds")).toBe(good);
    const told = JSON.parse((await readFile(news, "utf8")).trim());
    expect(told).toMatchObject({ event: "failed", deployment: place.deployment.name });
    expect(told.message).toContain("redisha runs show");
  });

  it("keeps its series going where redisha.yaml cannot be read, or a key is none", async () => {
    const { code } = await fromCron(await changed(/^version: 1$/m, "version: 9"));
    expect([code, await metric("last_exit_code")]).toEqual([2, "2"]);
    const key = await fromCron(await changed(/repository: .*/, `$&\n      encrypt_to: [age1nonsense]`));
    expect(key.stderr).toContain("AGE_RECIPIENT_INVALID");
    expect(await metric("last_success_timestamp_seconds")).toBeDefined();
  });

  it("of which a second one begins meanwhile: that one ends with 5", async () => {
    const [first, second] = await Promise.all([fromCron(lab.file), fromCron(lab.file)]);
    expect([first.code, second.code].sort()).toEqual([0, 5]);
  });
});

describe("a server that renames commands", () => {
  it.each([
    ["BGSAVE", "SAVE_NOT_ALLOWED"],
    ["CONFIG", "BACKUP_PLACE_UNKNOWN"],
  ])("such as %s is backed up by replication, and says so where that was not asked for", async (command, code) => {
    const conf = join(lab.status.folder, "hosts", "r2", "6379", "redis.conf");
    const before = await readFile(conf, "utf8");
    await writeFile(conf, `${before}\nrename-command ${command} ""\n`);
    try {
      await lab.restart("r2:6379");
      await until(async () => /state=online/.test(await lab.cli("r1:6379", "INFO", "replication")));
      const { error } = await place.backUp();
      expect(error).toMatchObject({ code });
      expect(error?.next.join(" ")).toContain("--method sync");
      backupOf(await place.backUp({ method: "sync" }));
    } finally {
      await writeFile(conf, before);
      await lab.restart("r2:6379");
      await until(async () => /state=online/.test(await lab.cli("r1:6379", "INFO", "replication")));
    }
  });
});

describe("the day on which redisha is not at hand", () => {
  it("is got over by the lines of the guide, with age, zstd and redis-check-rdb alone", async () => {
    const guide = await readFile(packagePath("docs", "guide", "backup.md"), "utf8");
    const block = /^sha256sum -c manifest[\s\S]*?^```/m.exec(guide)?.[0] ?? "";
    const commands = block.split("\n").flatMap((line) => line.split(/ {2,}/)[0]?.replace("```", "") || []);
    expect(commands).toHaveLength(5);
    await using other = await bringUpLab({ name: labName(), topology: "replication", replicas: 1 });
    const key = execFileSync("age-keygen", { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const recipient = /public key: (age1\S+)/.exec(key)?.[1] ?? "";
    await using there = await backupPlace(other, [`encrypt_to: [${recipient}]`]);
    await other.cli("r1:6379", "SET", "key", "value");
    await until(async () => (await other.cli("r2:6379", "DBSIZE")) === "1");
    const id = backupOf(await there.backUp());
    const cwd = join(there.repository, there.deployment.name, "backups", id);
    await writeFile(join(cwd, "key.txt"), key);
    const said = execFileSync("bash", ["-o", "pipefail", "-ec", commands.join("\n")], { cwd, encoding: "utf8" });
    const [, stored, raw] = said.match(/\b[0-9a-f]{64}\b|: OK$/gm) ?? [];
    const manifest = JSON.parse(await readFile(join(cwd, "manifest.json"), "utf8"));
    expect(manifest.shards[0].files[0]).toMatchObject({ sha256_stored: stored, sha256_raw: raw });
    expect(said).toContain("RDB looks OK!");
  });
});
