import { readdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { backedUpLab, dataFolder } from "../support/backed-up-lab.ts";
import { settled, topologyOf } from "../support/switchovers.ts";
import { goBackByBackup, upgradeBehindBackup, VERSIONS } from "../support/upgrades.ts";
import { lostOf, startWriters } from "../support/writers.ts";

describe("going back behind the point of no return, by the backup that the upgrade made", () => {
  it.each([
    ["sentinel", "redis-7.0", "redis-8.0"],
    ["sentinel", "redis-6.0", "redis-7.0"],
    ["sentinel", "redis-7.0", "valkey-8.1"],
    ["cluster", "redis-7.0", "redis-8.0"],
    ["cluster", "redis-6.0", "redis-7.0"],
    ["cluster", "redis-7.0", "valkey-8.1"],
  ] as const)("loses what was announced, and nothing before it (%s, %s from %s)", async (topology, older, newer) => {
    await using place = await backedUpLab({ topology, engine: older, auth: "none", downAfterMs: 5_000 });
    const { lab } = place;
    const writers = startWriters(lab, 8);
    await delay(1_000);
    const there = await upgradeBehindBackup(lab, newer);
    expect({ code: there.code, said: there.code === 0 ? "" : there.stderr }).toEqual({ code: 0, said: "" });
    const back = await goBackByBackup(lab, older, "1gb");
    expect({ code: back.code, said: back.code === 0 ? "" : back.stdout }).toEqual({ code: 0, said: "" });
    const primary = topology === "cluster" ? "r1:6379" : await settled(lab);
    const beforehand = writers.acked.length;
    await expect.poll(() => writers.acked.length, { timeout: 60_000 }).toBeGreaterThan(beforehand + 100);
    await writers.stop();
    const running = async () => {
      const { nodes, sentinels } = await topologyOf(lab);
      return [...new Set([...nodes, ...sentinels].map(({ version }) => version))];
    };
    await expect.poll(running, { timeout: 60_000, interval: 1_000 }).toEqual([VERSIONS[older]]);
    const { nodes } = await topologyOf(lab);
    const { lost } = JSON.parse(back.stdout).result.outputs;
    const kept = writers.acked.filter(({ at }) => performance.timeOrigin + at < Date.parse(lost.since));
    const gone = await lostOf(lab, primary, writers);
    process.stdout.write(
      `${topology}, ${newer} to ${older}: ${writers.acked.length} writes, ${kept.length} before the backup, ${gone.length} lost behind it, ${lost.bytes} bytes announced\n`,
    );
    expect(kept.length).toBeGreaterThan(100);
    expect(await lostOf(lab, primary, { acked: kept })).toEqual([]);
    expect(gone.length).toBeGreaterThan(0);
    expect(lost.bytes).toBeGreaterThan(gone.length * 10);
    for (const { id } of nodes.filter(({ role }) => role === "primary")) {
      const aside = (await readdir(dataFolder(lab, id))).filter((name) => name.startsWith(".redisha-rollback-"));
      expect(aside).toHaveLength(1);
    }
  });
});
