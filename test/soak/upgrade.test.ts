import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { said, signal } from "../support/signalled.ts";
import { settled, topologyOf } from "../support/switchovers.ts";
import { until } from "../support/until.ts";
import { afterUpgrade, startUpgrade, upgrade } from "../support/upgrades.ts";
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

const REPLICA = ["fence", "stop", "turn", "start"];

/** Every op of an upgrade; behind `unfence` there is no taking back. */
const BEFORE = ["r2:6379", "r3:6379"].flatMap((id) => REPLICA.map((step) => `replicas[${id}].${step}`));
const BEHIND = [
  ...["unfence", "switchover.quicken", "switchover.prefer", "switchover.switch"],
  ...REPLICA.map((step) => `old_primaries[r1:6379].${step}`),
  "unfence_old",
  ...["s_stop", "s_turn", "s_start"].map((step) => `sentinels[r2:26379].${step}`),
];

describe("an upgrade that is killed", () => {
  it.each([
    ...BEFORE.map((step) => [step, "rollback"] as const),
    ...[...BEFORE, ...BEHIND].map((step) => [step, "resume"] as const),
  ])(
    "at %s is got over by %s, and loses nothing",
    async (step, how) => {
      await using lab = await bringUpLab({ topology: "sentinel", engine: "redis-7.0", downAfterMs: 5_000 });
      const writers = startWriters(lab, 6);
      await delay(300);
      const child = startUpgrade(lab, "redis-8.0");
      const started = `"op_started"[^\n]*"step":"${step.replace(/[[\].]/g, "\\$&")}"`;
      await said(child, new RegExp(started));
      await signal(child, "SIGKILL");
      const { code, stderr } = await afterUpgrade(lab, how);
      expect({ step, how, code, stderr: code === 0 ? "" : stderr }).toEqual({ step, how, code: 0, stderr: "" });
      await lossless(lab, writers);
      await allRun(lab, how === "rollback" ? "7.0.15" : "8.0.2");
      const { nodes } = await topologyOf(lab);
      expect(nodes.map(({ priority }) => priority)).toEqual([100, 100, 100]);
    },
    240_000,
  );
});
