import { randomBytes } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";
import { said, signal } from "../../support/signalled.ts";
import { settled, topologyOf } from "../../support/switchovers.ts";
import { afterUpgrade, startRestart, stateOf } from "../../support/upgrades.ts";
import { lostOf, startWriters } from "../../support/writers.ts";

describe("a rolling restart", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "sentinel", downAfterMs: 5_000, name: `lab-${randomBytes(3).toString("hex")}` });
  }, 600_000);
  afterAll(() => lab?.down());

  const servers = () => lab.status.processes.filter(({ service }) => service === "redis");
  const databases = () => Promise.all(servers().map(({ id }) => lab.cli(id, "CONFIG", "GET", "databases")));
  const restart = (...flags: string[]) =>
    redisha(["restart", "--json", "--file", lab.file, "--soak", "0s", ...flags], { env: stateOf(lab) });
  const pids = async () => {
    const { nodes, sentinels } = await topologyOf(lab);
    const running = await lab.ps();
    return [...nodes, ...sentinels].map(({ id }) => running.find((each) => each.id === id)?.pid);
  };

  it("is refused where somebody is named who is not there, before anything stops", async () => {
    const before = await pids();
    const { code, stdout } = await restart("--yes", "--on", "r9");
    expect({ code, is: JSON.parse(stdout).error.code }).toEqual({ code: 4, is: "ASSERT_FAILED" });
    expect(await pids()).toEqual(before);
  }, 600_000);

  it("says beforehand what each server takes up from its file, and what it would lose that is set in memory alone", async () => {
    await Promise.all(servers().map(({ log }) => appendFile(join(dirname(log), "redis.conf"), "\ndatabases 32\n")));
    await lab.cli("r2:6379", "CONFIG", "SET", "lfu-decay-time", "7");
    const { code, stdout } = await restart("--dry-run");
    expect(code).toBe(0);
    const { note } = JSON.parse(stdout).result.steps.find(({ step }: { step: string }) => step === "pending");
    expect(note).toMatch(/r1:6379: takes up databases 16 -> 32/);
    expect(note).toMatch(/r2:6379: .*would lose lfu-decay-time/);
    expect(await databases()).toEqual(Array(3).fill("databases\n16"));
  }, 600_000);

  it("that is killed behind its switchover is gone on with, takes up what was pending also on the old primary, and loses no acknowledged write", async () => {
    const before = await pids();
    const writers = startWriters(lab, 6);
    const child = startRestart(lab);
    await said(child, /"op_started"[^\n]*"step":"primaries\[r1:6379\]\.put"/);
    await signal(child, "SIGKILL");
    const { code, stderr } = await afterUpgrade(lab, "resume");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const primary = await settled(lab);
    await writers.stop();
    expect(primary).not.toBe("r1:6379");
    expect(writers.acked.length).toBeGreaterThan(500);
    expect(await lostOf(lab, primary, writers)).toEqual([]);
    expect(await databases()).toEqual(Array(3).fill("databases\n32"));
    const after = await pids();
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  }, 600_000);

  it("of one host leaves all others as they are", async () => {
    const before = await pids();
    const { code, stderr, stdout } = await restart("--yes", "--on", "r1", "--no-sentinels");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout).result.outputs.restarted).toEqual(["r1:6379"]);
    expect((await pids()).filter((pid) => !before.includes(pid))).toHaveLength(1);
  }, 600_000);
});
