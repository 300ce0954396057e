import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { packagePath } from "../../src/core/package-root.ts";
import type { TestLab } from "./lab.ts";
import { type Ended, redisha } from "./redisha.ts";

/** Starts a switchover by the program itself, whose runs are kept with the lab. */
export function startSwitchover(lab: TestLab, ...flags: string[]): ChildProcess {
  const argv = ["switchover", "--yes", "-o", "jsonl", "--no-measure", "--file", lab.file, ...flags];
  return spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], {
    env: { ...process.env, ...stateOf(lab) },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Resolves at the first line of its standard output that matches; fails where it ends without. */
export function said(child: ChildProcess, line: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (line.test(text)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code} and did not say ${line}: ${text.slice(-600)}`)));
  });
}

/** Signals it, and waits until it has ended unless that stops it only. */
export async function signal(child: ChildProcess, by: NodeJS.Signals): Promise<void> {
  child.kill(by);
  if (by !== "SIGSTOP" && child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** Goes on with the last run of the lab, or takes it back. */
export function goOn(lab: TestLab, how: "resume" | "rollback"): Promise<Ended> {
  return redisha(["runs", how, "last", "--yes", "--file", lab.file], { env: stateOf(lab) });
}

/** Where the runs of a lab are kept. */
export function stateOf({ root }: TestLab): { REDISHA_STATE_DIR: string } {
  return { REDISHA_STATE_DIR: join(root, "state") };
}
