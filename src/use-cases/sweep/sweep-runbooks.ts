import { dirname } from "node:path";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { stepsOf } from "../../engine/steps-of.ts";
import { type DeploymentChoice, findDeployment } from "../../inventory/find-deployment.ts";
import { readSpec } from "../../lab/spec.ts";
import { compileByName, storeBeside } from "../compile.ts";
import type { RunbookStore } from "../runbook-store.ts";
import { readTestFile } from "../test-runbook.ts";
import { Sweep, type SweepOptions, type SweepResult } from "./sweep.ts";

/** Sweeps every case of the tests meant whose runbook changes something, each on its simulated deployment. */
export async function sweepTests(
  refs: readonly string[],
  store: RunbookStore,
  options: SweepOptions,
): Promise<SweepResult[]> {
  const results: SweepResult[] = [];
  for (const test of await store.tests(refs)) {
    const { runbook, cases } = await readTestFile(test, store);
    if (stepsOf(runbook).every(({ effect }) => effect === "read")) continue;
    for (const [index, ready] of cases.entries()) {
      const spec = { kind: "simulated" as const, test, case: index, store: store.directory };
      results.push(await Sweep.run(spec, ready.test.name, options));
    }
  }
  return results;
}

/**
 * Sweeps runbooks on a deployment that is there, which is run on, killed and rolled back many times: a lab, or one whose
 * name was typed. Fails with SWEEP_NOT_A_LAB (exit 4).
 */
export async function sweepAgainst(
  refs: readonly string[],
  choice: DeploymentChoice & {
    readonly confirm: string | undefined;
    readonly inputs: Readonly<Record<string, string>>;
  },
  options: SweepOptions,
): Promise<SweepResult[]> {
  const { deployment } = await findDeployment(choice);
  const { name, file } = deployment;
  const lab = await readSpec(dirname(file));
  if (lab?.name !== name && choice.confirm !== name) throw notALab(name);
  const results: SweepResult[] = [];
  for (const ref of refs) {
    // A runbook that is not there, or not valid, is said before anything is killed.
    await compileByName(ref, storeBeside(file));
    const spec = { kind: "real" as const, file, deployment: name, runbook: ref, inputs: choice.inputs };
    results.push(await Sweep.run(spec, name, options));
  }
  return results;
}

function notALab(name: string): RedishaError {
  return new RedishaError({
    code: "SWEEP_NOT_A_LAB",
    message: `${name} is not a lab: a sweep runs a runbook on it again and again, and kills it on its way.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["redisha lab up", `if it is meant: --confirm=${name}`],
  });
}
