import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { settled, switchOver } from "../../support/switchovers.ts";
import { until } from "../../support/until.ts";
import { lostOf, startWriters } from "../../support/writers.ts";

/** Switches over, and does something as soon as writes are stopped. Gives the exit code. */
async function meanwhile(lab: TestLab, act: () => Promise<unknown>, ...flags: string[]): Promise<number | null> {
  const argv = ["switchover", "--yes", "-o", "jsonl", "--no-measure", "--file", lab.file, ...flags];
  const child = spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], {
    env: { ...process.env, REDISHA_STATE_DIR: join(lab.root, "state") },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let acting: Promise<unknown> | undefined;
  child.stdout?.on("data", (chunk: Buffer) => {
    if (chunk.toString().includes("writes are stopped")) acting ??= act();
  });
  if (child.exitCode === null) await once(child, "exit");
  await acting;
  return child.exitCode;
}

describe("a switchover in trouble", () => {
  it("loses nothing where the target dies when writes are stopped: another takes over, or all stays as it was", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", downAfterMs: 5_000 });
    const writers = startWriters(lab);
    await delay(300);
    const code = await meanwhile(lab, () => lab.kill("r2:6379"), "--to", "r2");
    await lab.restart("r2:6379");
    const since = writers.acked.length;
    await until(async () => writers.acked.length > since + 100);
    const primary = await settled(lab);
    await writers.stop();
    expect(await lostOf(lab, primary, writers)).toEqual([]);
    // Done, but not as it was asked for; or given up, and nothing moved.
    expect({ primary, code }).toEqual({ primary, code: primary === "r1:6379" ? 1 : 3 });
  });

  it("lets writes go on at once where the only replica dies, and loses nothing when it comes back", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", downAfterMs: 5_000 });
    await lab.kill("r3:6379");
    const writers = startWriters(lab);
    await delay(300);
    const code = await meanwhile(lab, () => lab.kill("r2:6379"), "--degraded");
    expect(code).toBe(1);
    const since = writers.acked.length;
    await until(async () => writers.acked.length > since + 100);
    await lab.restart("r2:6379", "r3:6379");
    const primary = await settled(lab);
    await delay(1_000);
    await writers.stop();
    expect(primary).toBe("r1:6379");
    expect(await lostOf(lab, primary, writers)).toEqual([]);
  });

  it("is refused, with nothing changed, where an instance hangs or a replica has lost its link", async () => {
    await using lab = await bringUpLab({ topology: "sentinel" });
    await lab.kill("r3:6379", "SIGSTOP");
    expect((await switchOver(lab)).code).toBe(4);
    await lab.kill("r3:6379", "SIGCONT");
    await settled(lab);
    await lab.cli("r3:6379", "CONFIG", "SET", "masterauth", "wrong");
    await lab.cli("r3:6379", "REPLICAOF", "127.77.250.250", "6379");
    const { code, stdout } = await switchOver(lab, "--to", "r3");
    expect(code).toBe(4);
    expect(JSON.parse(stdout).error.code).toBe("ASSERT_FAILED");
    expect(await lab.cli("r1:6379", "ROLE")).toMatch(/^master/);
  });
});
