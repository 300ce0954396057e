import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCounting } from "../../support/counting-writers.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { amidst, connectTo, expectUnbarred, fillSlot, LARGE, serverOf } from "../../support/mid-move.ts";
import { complaints, heard, startReshard } from "../../support/reshards.ts";
import { goOn } from "../../support/signalled.ts";
import { until } from "../../support/until.ts";

const [FROM, HEIR] = ["r3:6379", "r5:6379"];
const TO = "r2:6379";

describe("a replica that comes to a shard, or leaves it, while slots are on their way from it", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000 });
  });
  afterAll(() => lab.down());

  // So slow that somebody may come and go meanwhile.
  const startMove = (slot: number) =>
    startReshard(lab, "--from", FROM, "--to", TO, "--slots", `${slot}-${slot}`, "--bandwidth", "6mb");
  const follow = async (id: string, primary: string) =>
    lab.cli(id, "CLUSTER", "REPLICATE", await lab.cli(primary, "CLUSTER", "MYID"));
  const isBarred = async (id: string) =>
    (await lab.cli(id, "CONFIG", "GET", "min-replicas-to-write")).includes("\n1000000");
  const inStep = (id: string) =>
    until(async () => (await lab.cli(id, "INFO", "replication")).includes("master_link_status:up"));

  it("refuses writes should it take over, for as long as it is there", async () => {
    const slot = 15_000;
    await fillSlot(lab, slot, FROM);
    const target = await connectTo(lab, TO);
    const child = startMove(slot);
    const told = heard(child);
    const code = once(child, "exit");
    await amidst(child, target, { slot, keys: 1 }, () => follow("r4:6379", FROM));
    await until(() => isBarred("r4:6379"));
    await follow("r4:6379", TO);
    await until(async () => !(await isBarred("r4:6379")));
    const held = Number(await target.call("CLUSTER", "COUNTKEYSINSLOT", String(slot)));
    target.disconnect();
    expect(held).toBeLessThan(LARGE);
    expect(await isBarred(HEIR)).toBe(true);
    expect([await code, told()]).toEqual([[0, null], expect.not.stringContaining('"warning"')]);
    await expectUnbarred(lab);
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });

  it("takes writes again where it left while no redisha ran", async () => {
    const slot = 14_000;
    await fillSlot(lab, slot, FROM);
    const target = await connectTo(lab, TO);
    const child = startMove(slot);
    const ended = once(child, "exit");
    await amidst(child, target, { slot, keys: 1 }, () => child.kill("SIGKILL"));
    target.disconnect();
    await ended;
    expect(await isBarred(HEIR)).toBe(true);
    await follow(HEIR, "r1:6379");
    await inStep(HEIR);
    const { code, stderr } = await goOn(lab, "resume");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await expectUnbarred(lab);
    await follow(HEIR, FROM);
    await inStep(HEIR);
  });

  it("costs no acknowledged write where it takes over, when redisha, the source and the other replica have died", async () => {
    const slot = 14_500;
    const tag = await fillSlot(lab, slot, FROM);
    const counters = Array.from({ length: 200 }, (_, index) => `${tag}:a${index}`);
    const target = await connectTo(lab, TO);
    const writers = await startCounting(lab, counters);
    await expect.poll(() => writers.counts.acknowledged, { timeout: 30_000 }).toBeGreaterThan(500);
    const child = startMove(slot);
    const pids = [FROM, HEIR].map((id) => serverOf(lab, id).pid);
    await amidst(child, target, { slot, keys: counters.length + 1 }, () => follow("r6:6379", FROM));
    await until(() => isBarred("r6:6379"));
    await inStep("r6:6379");
    child.kill("SIGKILL");
    for (const pid of pids) process.kill(pid, "SIGKILL");
    target.disconnect();
    await until(async () => (await lab.cli("r6:6379", "ROLE")).startsWith("master"));
    await until(async () => /errorstat_NOREPLICAS:count=\d{2}/.test(await lab.cli("r6:6379", "INFO", "errorstats")));
    await lab.restart(HEIR);
    await inStep(HEIR);
    const { code, stderr } = await goOn(lab, "resume");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const acknowledged = writers.counts.acknowledged;
    await expect.poll(() => writers.counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(acknowledged + 500);
    expect((await writers.stop()).wrong).toEqual([]);
    await lab.restart(FROM);
    await expectUnbarred(lab);
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });
});
