import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCounting } from "../../support/counting-writers.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import {
  amidst,
  comeBack,
  connectTo,
  expectUnbarred,
  fillSlot,
  LARGE,
  leaderOf,
  serverOf,
} from "../../support/mid-move.ts";
import { redisha } from "../../support/redisha.ts";
import { complaints, heard, slotsOf, startReshard } from "../../support/reshards.ts";
import { goOn, stateOf } from "../../support/signalled.ts";
import { until } from "../../support/until.ts";

const TO = "r2:6379";

const FIRST = ["r1:6379", "r6:6379"];
const SECOND = ["r2:6379", "r4:6379"];

/** A shard whose members change places from test to test. */
const THIRD = ["r3:6379", "r5:6379"];

/**
 * Has a node that is down come back with the epoch that it gave itself in its last moment, and that nobody has heard of: the
 * one that its replica was elected with. Which of the two would win is up to their node ids.
 */
async function dispute(lab: TestLab, id: string, epoch: number): Promise<void> {
  const path = join(lab.status.folder, "hosts", ...id.split(":"), "data", "nodes.conf");
  const own = (await readFile(path, "utf8")).replace(/(myself,master - \d+ \d+) \d+/, `$1 ${epoch + 1}`);
  await writeFile(path, own.replace(/currentEpoch \d+/, `currentEpoch ${epoch + 1}`));
}

describe("a primary that goes while one of its slots is on its way", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000 });
  });
  afterAll(() => lab.down());

  const startMove = (slot: number, from: string) => {
    const child = startReshard(lab, "--from", from, "--to", TO, "--slots", `${slot}-${slot}`, "--max-latency", "1ms");
    const told = heard(child);
    const code = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const ended = async () => expect({ code: await code, why: (await code) === 0 ? "" : told() });
    return { child, ended };
  };

  it("takes no slot while it holds writes back, as one does that hands over", async () => {
    const before = await slotsOf(lab, TO);
    await lab.cli(TO, "CLIENT", "PAUSE", "600000", "WRITE");
    const { ended } = startMove(12_000, "r3:6379");
    await until(async () => (await lab.cli(TO, "CLIENT", "LIST")).includes("cmd=publish"));
    expect(await slotsOf(lab, TO)).toBe(before);
    await lab.cli(TO, "CLIENT", "UNPAUSE");
    (await ended()).toEqual({ code: 0, why: "" });
    expect(await slotsOf(lab, TO)).toBe(before + 1);
  });

  it("costs no key where it is the source, which hands over to its replica", async () => {
    const slot = 16_000;
    await fillSlot(lab, slot, "r3:6379");
    const target = await connectTo(lab, TO);
    const heir = await connectTo(lab, "r5:6379");
    const { child, ended } = startMove(slot, "r3:6379");
    await amidst(child, target, { slot, keys: 5 }, () => heir.call("CLUSTER", "FAILOVER"));
    (await ended()).toEqual({ code: 0, why: "" });
    expect(await heir.role()).toContain("master");
    expect(await target.call("CLUSTER", "COUNTKEYSINSLOT", String(slot))).toBe(LARGE);
    for (const node of [target, heir]) node.disconnect();
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });

  it("costs no acknowledged write where it is the source, which hands over", async () => {
    const slot = 15_000;
    const from = await leaderOf(lab, THIRD);
    const heirOf = THIRD.find((id) => id !== from) ?? "";
    const tag = await fillSlot(lab, slot, from);
    const counters = Array.from({ length: 200 }, (_, index) => `${tag}:a${index}`);
    const target = await connectTo(lab, TO);
    const heir = await connectTo(lab, heirOf);
    const writers = await startCounting(lab, counters, 8);
    await expect.poll(() => writers.counts.acknowledged, { timeout: 30_000 }).toBeGreaterThan(500);
    const { child, ended } = startMove(slot, from);
    await amidst(child, target, { slot, keys: counters.length + 10 }, () => heir.call("CLUSTER", "FAILOVER"));
    const result = await ended();
    const acknowledged = writers.counts.acknowledged;
    await expect.poll(() => writers.counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(acknowledged + 500);
    const { wrong } = await writers.stop();
    result.toEqual({ code: 0, why: "" });
    expect(wrong).toEqual([]);
    expect(await heir.role()).toContain("master");
    for (const node of [target, heir]) node.disconnect();
    await expectUnbarred(lab);
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });

  it.each([
    ["runs resume", 14_500],
    ["cluster fix", 14_600],
  ])(
    "costs no acknowledged write where it dies in the same moment as redisha, behind which comes %s",
    async (how, slot) => {
      const from = await leaderOf(lab, THIRD);
      const heir = THIRD.find((id) => id !== from) ?? "";
      const tag = await fillSlot(lab, slot, from);
      const counters = Array.from({ length: 200 }, (_, index) => `${tag}:a${index}`);
      const target = await connectTo(lab, TO);
      const writers = await startCounting(lab, counters);
      await expect.poll(() => writers.counts.acknowledged, { timeout: 30_000 }).toBeGreaterThan(500);
      const { child } = startMove(slot, from);
      const { pid } = serverOf(lab, from);
      await amidst(child, target, { slot, keys: counters.length + 10 }, () => {
        child.kill("SIGKILL");
        process.kill(pid, "SIGKILL");
      });
      target.disconnect();
      await until(async () => (await lab.cli(heir, "ROLE")).startsWith("master"));
      await until(async () => /errorstat_NOREPLICAS:count=\d{2}/.test(await lab.cli(heir, "INFO", "errorstats")));
      const fix = () => redisha(["cluster", "fix", "--yes", "--file", lab.file], { env: stateOf(lab) });
      const { code, stderr } = await (how === "cluster fix" ? fix() : goOn(lab, "resume"));
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      const acknowledged = writers.counts.acknowledged;
      await expect.poll(() => writers.counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(acknowledged + 500);
      expect((await writers.stop()).wrong).toEqual([]);
      await comeBack(lab, from, heir);
      await expectUnbarred(lab);
      await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
    },
  );

  it.each([
    ["the source", 150, FIRST, "r1:6379", FIRST],
    ["the target", 11_000, THIRD, TO, SECOND],
  ] as const)("costs no acknowledged write where it is %s, which dies", async (_who, slot, giving, dies, shard) => {
    const from = await leaderOf(lab, giving);
    const tag = await fillSlot(lab, slot, from);
    // The youngest move first: all counters have moved when the large keys do.
    const counters = Array.from({ length: 200 }, (_, index) => `${tag}:a${index}`);
    const target = await connectTo(lab, TO);
    const writers = await startCounting(lab, counters);
    await expect.poll(() => writers.counts.acknowledged, { timeout: 30_000 }).toBeGreaterThan(500);
    const { child, ended } = startMove(slot, from);
    const { pid } = serverOf(lab, dies);
    const epoch = Number(/current_epoch:(\d+)/.exec(await lab.cli(TO, "CLUSTER", "INFO"))?.[1]);
    await amidst(child, target, { slot, keys: counters.length + 10 }, () => process.kill(pid, "SIGKILL"));
    target.disconnect();
    const result = await ended();
    const acknowledged = writers.counts.acknowledged;
    await expect.poll(() => writers.counts.acknowledged, { timeout: 60_000 }).toBeGreaterThan(acknowledged + 500);
    const { wrong } = await writers.stop();
    result.toEqual({ code: 0, why: "" });
    expect(wrong).toEqual([]);
    if (dies === TO) await dispute(lab, dies, epoch);
    await comeBack(lab, dies, shard.find((id) => id !== dies) ?? "");
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });
});
