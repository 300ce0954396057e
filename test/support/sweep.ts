import type { SweepOptions, SweepResult } from "../../src/use-cases/sweep/sweep.ts";
import { sweepAgainst } from "../../src/use-cases/sweep/sweep-runbooks.ts";
import type { TestLab } from "./lab.ts";

/** Sweeps a runbook, by name or path, on a lab. */
export async function sweepLab(lab: TestLab, runbook: string, options: SweepOptions = {}): Promise<SweepResult> {
  const choice = { file: lab.file, deployment: undefined, cwd: lab.root, env: process.env };
  const [result] = await sweepAgainst([runbook], { ...choice, confirm: undefined, inputs: {} }, options);
  if (!result) throw new Error("nothing was swept");
  return result;
}
