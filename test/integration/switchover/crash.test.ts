import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { settled } from "../../support/switchovers.ts";
import { until } from "../../support/until.ts";
import { lostOf, startWriters, type Writers } from "../../support/writers.ts";

let lab: TestLab;
beforeEach(async () => {
  lab = await bringUpLab({ topology: "sentinel", downAfterMs: 5_000 });
});
afterEach(() => lab.down());

/** Starts the program, and signals it so long after it has said that writes are stopped. */
async function signalled(signal: NodeJS.Signals, afterMs: number): Promise<ChildProcess> {
  const argv = ["switchover", "--yes", "-o", "jsonl", "--no-measure", "--file", lab.file];
  const child = spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], {
    env: { ...process.env, REDISHA_STATE_DIR: join(lab.root, "state") },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const stopped = new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => chunk.toString().includes("writes are stopped") && resolve());
    child.once("exit", (code) => reject(new Error(`ended with ${code} before writes were stopped`)));
  });
  await stopped;
  await delay(afterMs);
  child.kill(signal);
  return child;
}

function resume(): Promise<Ended> {
  const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
  return redisha(["runs", "resume", "last", "--yes", "--file", lab.file], { env });
}

/** Writes go on again, and until the hosts have put back what was relaxed. */
async function recovered(writers: Writers): Promise<void> {
  const since = writers.acked.length;
  await until(async () => writers.acked.length > since + 100);
  await until(async () => {
    const nodes = lab.status.processes.filter(({ service }) => service === "redis");
    // Sentinel disconnects the clients of whom it turns, redis-cli too.
    const ask = (id: string, name: string) => lab.cli(id, "CONFIG", "GET", name).catch(() => "");
    const fences = await Promise.all(nodes.map(({ id }) => ask(id, "min-replicas-to-write")));
    const priorities = await Promise.all(nodes.map(({ id }) => ask(id, "replica-priority")));
    return fences.every((each) => each.endsWith("\n0")) && priorities.every((each) => each.endsWith("\n100"));
  });
}

describe("a switchover whose redisha is killed", () => {
  it.each([0, 60, 180, 300])(
    "loses nothing and leaves nothing relaxed behind, %i ms after writes were stopped",
    async (afterMs) => {
      const writers = startWriters(lab);
      await delay(300);
      const child = await signalled("SIGKILL", afterMs);
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await recovered(writers);
      await settled(lab);
      const resumed = await resume();
      expect({ code: resumed.code, stderr: resumed.code === 0 ? "" : resumed.stderr }).toEqual({ code: 0, stderr: "" });
      await delay(300);
      await writers.stop();
      const primary = await settled(lab);
      expect(await lostOf(lab, primary, writers)).toEqual([]);
      for (const { service, log } of lab.status.processes) {
        if (service !== "redis") continue;
        expect(await readFile(join(dirname(log), "redis.conf"), "utf8")).not.toContain("min-replicas-to-write 1000");
      }
    },
    240_000,
  );

  it("loses nothing where the laptop sleeps for twenty seconds in the middle", async () => {
    const writers = startWriters(lab);
    await delay(300);
    const child = await signalled("SIGSTOP", 30);
    await delay(20_000);
    child.kill("SIGCONT");
    if (child.exitCode === null) await once(child, "exit");
    await recovered(writers);
    const primary = await settled(lab);
    await writers.stop();
    expect(await lostOf(lab, primary, writers)).toEqual([]);
  }, 240_000);
});
