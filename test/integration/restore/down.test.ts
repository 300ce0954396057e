import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { backedUpLab } from "../../support/backed-up-lab.ts";

it("a restore starts servers that were down from their configuration files, and leaves out a replica that nobody knows how to start", async () => {
  await using place = await backedUpLab();
  const { lab, run } = place;
  await lab.cli("r1:6379", "SET", "was", "saved");
  expect((await run("backup")).error).toBeNull();
  await lab.cli("r1:6379", "DEL", "was");
  for (const node of ["r1:6379", "r2:6379", "r3:6379"]) await lab.kill(node);

  const refused = await run("restore");
  expect(refused).toMatchObject({ exit: 4, error: { code: "RESTORE_INSTANCE_DOWN", host: "r1:6379" } });

  const conf = (host: string) => `${host}:6379=${join(lab.status.folder, "hosts", host, "6379", "redis.conf")}`;
  const named = { config_files: `${conf("r1")},${conf("r2")}` };
  const fail = () => Promise.reject(new Error("the disk is on fire"));
  const failed = await run("restore", named, { before: { "restore.loaded": fail } });
  expect(failed).toMatchObject({ status: "rolled_back" });
  for (const node of ["r1:6379", "r2:6379"]) {
    await expect(lab.cli(node, "PING"), "going back starts nothing that was down").rejects.toThrow("refused");
  }

  const done = await run("restore", named);
  expect(done.error).toBeNull();
  expect(done).toMatchObject({ status: "done", outputs: { left_out: [{ instance: "r3:6379" }] } });
  for (const node of ["r1:6379", "r2:6379"]) expect(await lab.cli(node, "GET", "was")).toBe("saved");
  await lab.restart("r3:6379");
  await expect.poll(() => lab.cli("r3:6379", "GET", "was").catch(() => ""), { timeout: 20_000 }).toBe("saved");
});

it("a restore goes on while a Sentinel is down, and is refused while as many as the quorum are", async () => {
  await using place = await backedUpLab();
  const { lab, run } = place;
  expect((await run("backup")).error).toBeNull();
  await lab.kill("r3:26379");
  expect(await run("restore")).toMatchObject({ status: "done" });
  await lab.kill("r2:26379");
  const pid = async () => /process_id:\d+/.exec(await lab.cli("r1:6379", "INFO", "server"))?.[0];
  const before = await pid();
  expect((await run("restore")).error?.code).toBe("ASSERT_FAILED");
  expect(await pid()).toBe(before);
});

// Without Sentinel nobody would ever make it a replica again, and a restore would wait for its link until its time is up.
it("a replica that was promoted by hand, and says so in its file, follows the restored primary", async () => {
  await using place = await backedUpLab({ topology: "replication" });
  const { lab, run } = place;
  await lab.cli("r1:6379", "SET", "was", "saved");
  expect((await run("backup")).error).toBeNull();
  await lab.cli("r2:6379", "REPLICAOF", "NO", "ONE");
  await lab.cli("r2:6379", "CONFIG", "REWRITE");
  for (const node of ["r1:6379", "r2:6379", "r3:6379"]) await lab.kill(node);

  const conf = (host: string) => `${host}:6379=${join(lab.status.folder, "hosts", host, "6379", "redis.conf")}`;
  const done = await run("restore", { config_files: `${conf("r1")},${conf("r2")},${conf("r3")}` });
  expect(done).toMatchObject({ status: "done", error: null });
  expect(await lab.cli("r2:6379", "ROLE")).toContain("slave");
  expect(await lab.cli("r2:6379", "GET", "was")).toBe("saved");
});

it("a server that does not take the password any more, once started, is not waited for", async () => {
  await using place = await backedUpLab({ topology: "replication", auth: "password" });
  const { lab, run } = place;
  expect((await run("backup")).error).toBeNull();
  const file = join(lab.status.folder, "hosts", "r1", "6379", "redis.conf");
  const conf = await readFile(file, "utf8");
  await writeFile(file, conf.replace(/^requirepass .*$/m, "requirepass another"));
  const failed = await run("restore");
  // Nor can it be gone back to: its own file is what it does not start with.
  expect(failed.error?.message).toMatch(/does not accept the password/);
});

it("a replica that runs and does not let redisha in is not left out as one that is down", async () => {
  await using place = await backedUpLab({ topology: "replication", auth: "password" });
  const { lab, run } = place;
  expect((await run("backup")).error).toBeNull();
  await lab.cli("r2:6379", "CONFIG", "SET", "requirepass", "another");
  const refused = await run("restore");
  expect(refused).toMatchObject({ exit: 6, error: { code: "REDIS_WRONGPASS", host: "r2:6379" } });
  expect(refused.error?.state).toBe("nothing was changed");
  expect(await lab.cli("r1:6379", "ROLE")).toMatch(/^master/);
});
