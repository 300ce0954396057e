import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackedUpLab, backedUpLab, dataFolder } from "../../support/backed-up-lab.ts";
import { ENGINE_ROOT } from "../../support/engines.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";
import { said, signal } from "../../support/signalled.ts";
import { settled, topologyOf } from "../../support/switchovers.ts";
import {
  afterUpgrade,
  goBack,
  goBackByBackup,
  startUpgrade,
  stateOf,
  upgrade,
  upgradeOver,
} from "../../support/upgrades.ts";
import { lostOf, startWriters } from "../../support/writers.ts";

describe("an upgrade by a folder of programs", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "sentinel", engine: "valkey-8.1", downAfterMs: 5_000 });
  }, 600_000);
  afterAll(() => lab?.down());
  const versions = async () => (await topologyOf(lab)).nodes.map(({ version }) => version);

  it("is refused before anything stops where the folder holds another release, or one that may not follow", async () => {
    const before = (await topologyOf(lab)).nodes.map(({ process_id }) => process_id);
    const another = await upgrade(lab, "valkey-9.1", "9.1.7");
    expect(JSON.parse(another.stdout).error.code).toBe("UPGRADE_TARGET_MISSING");
    expect(another.code).toBe(4);
    // Nobody has agreed to anything here, and nobody is asked about what cannot be done.
    for (const [argv, code] of [
      [["upgrade", "--to", "8.0.2", "--engine", "redis"], "UPGRADE_OTHER_PROJECT"],
      [["rollback", "--to", "9.1.2"], "UPGRADE_IS_DOWNGRADE"],
    ] as const) {
      const { code: exit, stdout } = await redisha([...argv, "--json", "--file", lab.file], { env: stateOf(lab) });
      expect([exit, JSON.parse(stdout).error.code]).toEqual([4, code]);
    }
    // A busy machine may not have everybody answer in time.
    await settled(lab);
    const application = new Redis({ host: lab.status.processes[0]?.address ?? "", port: 6379 });
    await application.ping();
    const to = ["--to", "9.1.2", "--directory", join(ENGINE_ROOT, "valkey-9.1"), "--waive", "backup"];
    const planned = await redisha(["upgrade", "--dry-run", "--json", "--file", lab.file, ...to]);
    application.disconnect();
    const { steps } = JSON.parse(planned.stdout).result;
    expect(steps.find(({ step }: { step: string }) => step === "clients").note).toMatch(
      /^ioredis \S+ \(1 connection\)/,
    );
    expect((await topologyOf(lab)).nodes.map(({ process_id }) => process_id)).toEqual(before);
  }, 600_000);

  it("that is killed with a replica away is taken back without loss, and nothing of it stays", async () => {
    const writers = startWriters(lab, 4);
    const child = startUpgrade(lab, "valkey-9.1");
    await said(child, /"op_started"[^\n]*"step":"replicas\[r3:6379\]\.start"/);
    await signal(child, "SIGKILL");
    const back = await afterUpgrade(lab, "rollback");
    expect({ code: back.code, stderr: back.code === 0 ? "" : back.stderr }).toEqual({ code: 0, stderr: "" });
    expect(await settled(lab)).toBe("r1:6379");
    await writers.stop();
    expect(await lostOf(lab, "r3:6379", writers)).toEqual([]);
    expect(await versions()).toEqual(["8.1.1", "8.1.1", "8.1.1"]);
    expect(await lab.cli("r3:6379", "CONFIG", "GET", "replica-priority")).toBe("replica-priority\n100");
  }, 600_000);

  it("that is killed with a replica away is gone on with, loses no acknowledged write, and ends on the release", async () => {
    const writers = startWriters(lab);
    await delay(300);
    const child = startUpgrade(lab, "valkey-9.1");
    await said(child, /"op_started"[^\n]*"step":"replicas\[r2:6379\]\.turn"/);
    await signal(child, "SIGKILL");
    // As its host would do, were it booted now.
    await lab.restart("r2:6379");
    const on = await afterUpgrade(lab, "resume");
    expect({ code: on.code, stderr: on.code === 0 ? "" : on.stderr }).toEqual({ code: 0, stderr: "" });
    const primary = await settled(lab);
    await delay(300);
    await writers.stop();
    expect(writers.acked.length).toBeGreaterThan(1_000);
    expect(await lostOf(lab, primary, writers)).toEqual([]);
    const { nodes, sentinels } = await topologyOf(lab);
    expect([...nodes, ...sentinels].map(({ version }) => version)).toEqual(Array(6).fill("9.1.2"));
    expect(nodes.map(({ priority }) => priority)).toEqual([100, 100, 100]);
    const [first] = lab.status.processes;
    expect(await readFile(first?.log ?? "", "utf8")).not.toContain("Can't handle RDB format");
  }, 600_000);

  it("is gone back from behind the switchover, node by node, and loses nothing either", async () => {
    const writers = startWriters(lab, 4);
    const back = await goBack(lab, "valkey-8.1");
    expect({ code: back.code, stderr: back.code === 0 ? "" : back.stderr }).toEqual({ code: 0, stderr: "" });
    const primary = await settled(lab);
    await writers.stop();
    expect(await lostOf(lab, primary, writers)).toEqual([]);
    expect(await versions()).toEqual(["8.1.1", "8.1.1", "8.1.1"]);
  }, 600_000);
});

describe("an upgrade that only a backup leads back from", () => {
  let place: BackedUpLab;
  beforeAll(async () => {
    place = await backedUpLab({ topology: "replication", engine: "redis-6.0", auth: "none" });
  }, 600_000);
  afterAll(() => place?.[Symbol.asyncDispose]());

  it("is made over the release between in one run, behind a backup; says what going back would cost, and from which one", async () => {
    const { lab } = place;
    await lab.cli("r1:6379", "SET", "was", "before");
    await lab.cli("r1:6379", "CONFIG", "SET", "maxmemory", "300mb");
    await lab.cli("r1:6379", "ACL", "SETUSER", "shop", "on", ">secret", "~*", "+@keyspace");
    const planned = await upgradeOver(lab, "redis-7.0", "redis-8.0", "--dry-run");
    expect({ code: planned.code, stderr: planned.code === 0 ? "" : planned.stdout + planned.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    const { steps } = JSON.parse(planned.stdout).result;
    const notes = steps.map(({ note }: { note?: string }) => note ?? "").join("\n");
    expect(notes).not.toContain("would stop here");
    expect(notes).toContain("servers before 7.2 do not tell which libraries are connected");
    expect(notes).toContain(
      "from Redis 6.0.16 to Redis 7.0.15; data files: RDB 9 to 10\nthe way back behind the switchover: backup",
    );
    const health = steps.flatMap((step: { health?: string[] }) => step.health ?? []).join("\n");
    expect(health).toContain("while r2:6379 is away: writes go on, 1 replica in sync");
    expect(health).not.toContain("are away");
    expect(planned.stdout).toContain("shop: may no longer run asking, readonly, readwrite, select, wait");
    const writers = startWriters(lab, 4);
    const there = await upgradeOver(lab, "redis-7.0", "redis-8.0");
    expect({ code: there.code, stderr: there.code === 0 ? "" : there.stdout + there.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    const primary = await settled(lab);
    await writers.stop();
    expect(await lostOf(lab, primary, writers)).toEqual([]);
    expect((await topologyOf(lab)).nodes.map(({ version }) => version)).toEqual(Array(3).fill("8.0.2"));
    const made = await readdir(place.backups);
    expect(made).toHaveLength(1);
    await lab.cli(primary, "SET", "since", "x".repeat(50_000));
    const before = (await topologyOf(lab)).nodes.map(({ process_id }) => process_id);
    const back = await goBack(lab, "redis-7.0");
    const { error } = JSON.parse(back.stdout);
    expect(back.code).toBe(4);
    expect(error.code).toBe("UPGRADE_IS_DOWNGRADE");
    expect(error.message).toContain("RDB 12, Redis 7.0.15 reads up to 10");
    expect(error.state).toMatch(/would lose \d+(\.\d+)? ?[kKM]i?B? of writes since/);
    expect(error.next.at(-1)).toMatch(new RegExp(`--backup ${made[0]} --lose \\d+mb$`));
    const less = await goBackByBackup(lab, "redis-6.0", "10kb");
    expect({ code: less.code, is: JSON.parse(less.stdout).error.code }).toEqual({ code: 4, is: "ROLLBACK_LOSES_MORE" });
    expect((await topologyOf(lab)).nodes.map(({ process_id }) => process_id)).toEqual(before);
  }, 600_000);

  it("is gone back from by that backup: the older release with what was there then, and the newer data beside it", async () => {
    const { lab } = place;
    const back = await goBackByBackup(lab, "redis-6.0", "1gb");
    expect({ code: back.code, said: back.code === 0 ? "" : back.stdout + back.stderr }).toEqual({ code: 0, said: "" });
    const { nodes } = await topologyOf(lab);
    expect(nodes.map(({ version }) => version)).toEqual(Array(3).fill("6.0.16"));
    for (const { id } of nodes) expect(await lab.cli(id, "MGET", "was", "since")).toBe("before");
    expect(JSON.parse(back.stdout).result.outputs.lost.bytes).toBeGreaterThan(50_000);
    const primary = await settled(lab);
    const kept = (await readdir(dataFolder(lab, primary))).filter((name) => name.startsWith(".redisha-rollback-"));
    expect(kept).toHaveLength(1);
  }, 600_000);

  it("is brought back also by somebody who does not have its journal, where the primary runs the older release still", async () => {
    await using lab = await bringUpLab({ topology: "replication", engine: "redis-7.0", name: "lab-left-mixed" });
    await lab.cli("r1:6379", "SET", "is", "there");
    const child = startUpgrade(lab, "redis-8.0");
    await said(child, /"op_started"[^\n]*"step":"replicas\[r2:6379\]\.start"/);
    await signal(child, "SIGINT");
    const versions = async () => (await topologyOf(lab)).nodes.map(({ version }) => version);
    expect(await versions()).toEqual(["7.0.15", "8.0.2", "7.0.15"]);
    const back = await goBack(lab, "redis-7.0", join(lab.root, "another"));
    expect({ code: back.code, said: back.code === 0 ? "" : back.stdout + back.stderr }).toEqual({ code: 0, said: "" });
    expect(await versions()).toEqual(Array(3).fill("7.0.15"));
    expect(await settled(lab)).toBe("r1:6379");
    expect(await lab.cli("r2:6379", "GET", "is")).toBe("there");
  }, 600_000);
});
