import { spawn } from "node:child_process";
import { once } from "node:events";
import { packagePath } from "../../src/core/package-root.ts";

/** When a run is killed. */
export interface KillMoment {
  /** As its events name it: `both.servers` within a block. */
  readonly step: string;
  readonly type: "op_started" | "op_finished";
  /** Behind how many such events; default the first. */
  readonly nth?: number;
}

/**
 * Ends the program by kill -9 as soon as it says that it begins, or has done, an op of a step; `-o jsonl` has to be among the
 * arguments. Fails where it came to an end before.
 */
export async function killedAt(
  argv: readonly string[],
  { step, type, nth = 1 }: KillMoment,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let rest = "";
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    seen += lines.filter((line) => line.includes(`"type":"${type}"`) && line.includes(`"step":"${step}"`)).length;
    if (seen >= nth) child.kill("SIGKILL");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, "close");
  if (child.signalCode !== "SIGKILL") throw new Error(`ended with ${child.exitCode} before ${step}: ${said}`);
}
