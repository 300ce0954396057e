import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { startTimeOf, waitUntilGone } from "../../src/lab/processes.ts";
import { until } from "../support/until.ts";

/** Its first thread ends, and another one stays: the kernel shows a zombie, whose files are all open. */
const LEADERLESS = `
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)`;

it("a process whose first thread has ended is not gone before the others are", async () => {
  const child = spawn("python3", ["-c", LEADERLESS], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const pid = child.pid ?? 0;
  try {
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await until(async () => (await stateOf(pid)) === "Z");
    const target = { pid, parent: process.pid, startTime: startTimeOf(pid) ?? 0, stopped: false, log: undefined };
    expect(await waitUntilGone([target], 20)).toBe(false);
    child.kill("SIGKILL");
    await ended;
    expect(await waitUntilGone([target], 60_000)).toBe(true);
  } finally {
    child.kill("SIGKILL");
  }
});

async function stateOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2)[0];
}
