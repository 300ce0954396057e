import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { settled, topologyOf } from "../support/switchovers.ts";
import { until } from "../support/until.ts";
import { upgrade } from "../support/upgrades.ts";
import { lostOf, startWriters, type Writers } from "../support/writers.ts";

async function lossless(lab: TestLab, writers: Writers): Promise<void> {
  await delay(300);
  const cluster = lab.status.topology === "cluster";
  const primary = cluster ? "r1:6379" : await settled(lab);
  await until(async () => (await topologyOf(lab)).nodes.every(({ up }) => up));
  const { gapMs } = await writers.stop();
  expect(writers.acked.length).toBeGreaterThan(1_000);
  expect({ lost: await lostOf(lab, primary, writers), gapMs }).toEqual({ lost: [], gapMs });
}

async function allRun(lab: TestLab, version: string): Promise<void> {
  const { nodes, sentinels } = await topologyOf(lab);
  expect([...new Set([...nodes, ...sentinels].map((node) => node.version))]).toEqual([version]);
}

describe("an upgrade under load from sixteen writers", () => {
  it.each([
    ["sentinel", "redis-6.0", "redis-7.0", "7.0.15"],
    ["sentinel", "redis-7.0", "redis-8.0", "8.0.2"],
    ["sentinel", "redis-7.0", "valkey-8.1", "8.1.1"],
    ["sentinel", "valkey-8.1", "valkey-9.1", "9.1.2"],
    ["cluster", "redis-6.0", "redis-7.0", "7.0.15"],
    ["cluster", "redis-7.0", "redis-8.0", "8.0.2"],
    ["cluster", "valkey-8.1", "valkey-9.1", "9.1.2"],
  ] as const)("loses no acknowledged write (%s, %s to %s)", async (topology, from, to, version) => {
    await using lab = await bringUpLab({ topology, engine: from, downAfterMs: 5_000 });
    const writers = startWriters(lab);
    await delay(500);
    const { code, stderr } = await upgrade(lab, to);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await lossless(lab, writers);
    await allRun(lab, version);
  });
});
