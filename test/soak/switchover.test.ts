import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { bringUpLab } from "../support/lab.ts";
import { settled, switchOver } from "../support/switchovers.ts";
import { lostOf, startWriters } from "../support/writers.ts";

/** REDISHA_SOAK_RUNS shortens it, where there is no time for what is promised. */
const RUNS = Number(process.env.REDISHA_SOAK_RUNS ?? 30);

/** Figures for docs/evidence.md. */
function tell(what: string, gaps: readonly number[]): void {
  const sorted = [...gaps].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  process.stdout.write(
    `${what}: ${gaps.length} runs, 0 lost, write gap median ${median} ms, max ${sorted.at(-1)} ms\n`,
  );
}

describe("thirty switchovers in a row under load from sixteen writers", () => {
  it.each([
    ["redis-6.0", "auto"],
    ["redis-7.0", "auto"],
    ["redis-8.0", "auto"],
    ["valkey-9.1", "auto"],
    ["valkey-9.1", "fence"],
  ] as const)("lose no acknowledged write on %s (%s)", async (engine, method) => {
    await using lab = await bringUpLab({ topology: "sentinel", engine, downAfterMs: 5_000, failoverTimeoutMs: 60_000 });
    const gaps: number[] = [];
    for (let run = 1; run <= RUNS; run += 1) {
      const writers = startWriters(lab);
      await delay(500);
      const { code, stderr } = await switchOver(lab, "--method", method);
      expect({ run, code, stderr: code === 0 ? "" : stderr }).toEqual({ run, code: 0, stderr: "" });
      await delay(500);
      gaps.push((await writers.stop()).gapMs);
      expect({ run, lost: await lostOf(lab, await settled(lab), writers) }).toEqual({ run, lost: [] });
    }
    tell(`switchover ${engine} ${method}`, gaps);
  });

  it("lose none in a cluster", async () => {
    await using lab = await bringUpLab({ topology: "cluster" });
    const gaps: number[] = [];
    for (let run = 1; run <= RUNS; run += 1) {
      const writers = startWriters(lab);
      await delay(500);
      expect((await switchOver(lab, "--from", `r${(run % 6) + 1}`)).code).toBe(0);
      await delay(500);
      gaps.push((await writers.stop()).gapMs);
      expect({ run, lost: await lostOf(lab, "r1:6379", writers) }).toEqual({ run, lost: [] });
    }
    tell("switchover redis-7.0 cluster", gaps);
  });
});
