import { string as stringArg } from "@oclif/core/args";
import { boolean, integer, string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { inputFlag, parseInputs } from "../../src/cli/input-flag.ts";
import { renderSweeps, sweepsFailure } from "../../src/cli/runbook/render-sweeps.ts";
import { renderTests, testsFailure } from "../../src/cli/runbook/render-tests.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findStore } from "../../src/use-cases/find-store.ts";
import type { SweepResult } from "../../src/use-cases/sweep/sweep.ts";
import { sweepAgainst, sweepTests } from "../../src/use-cases/sweep/sweep-runbooks.ts";
import { type TestFileResult, testRunbooks } from "../../src/use-cases/test-runbook.ts";

type Result = { tests: TestFileResult[] } | { sweeps: SweepResult[] };

export default class RunbookTest extends BaseCommand<Result> {
  static override summary = "Rehearse runbooks against their tests, on a deployment that is only simulated";
  static override description =
    "A test stands beside its runbook: canary.yaml, canary.test.yaml. It gives a deployment, answers for steps, and what is to come of it. The engine is the real one; no server is asked. Without a file, every test that there is. --crash-sweep kills the run before and after every op instead, resumes it, rolls it back, and holds the end against a run that was left alone.";
  static override examples = [
    "<%= config.bin %> runbook test",
    "<%= config.bin %> runbook test runbooks/my-procedure.test.yaml",
    "<%= config.bin %> runbook test my-procedure --crash-sweep",
    "<%= config.bin %> runbook test canary --crash-sweep --against lab --sample 5",
  ];
  static override exitCodes = [EXIT.done, EXIT.gateRefused, EXIT.verificationFailed];
  static override strict = false;
  static override args = { test: stringArg({ description: "Paths of tests, or names of runbooks" }) };
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    "crash-sweep": boolean({ summary: "Kill the run at every moment that matters, and see whether it is got over" }),
    sample: integer({
      min: 1,
      dependsOn: ["crash-sweep"],
      summary: "Kill at so many moments of each pass, not at all",
    }),
    against: string({
      helpValue: "DEPLOYMENT",
      dependsOn: ["crash-sweep"],
      summary: "Sweep on this deployment of redisha.yaml, a lab, instead of a simulated one",
    }),
    confirm: string({ helpValue: "DEPLOYMENT", summary: "Agree to a sweep on what is no lab, by its name" }),
    input: inputFlag,
  };

  async run(): Promise<Result> {
    const { argv, flags } = await this.parse(RunbookTest);
    const refs = argv.map(String);
    if (flags["crash-sweep"]) return { sweeps: await this.#sweep(refs, flags) };
    const tests = await testRunbooks(refs, await findStore(this.choice(flags)));
    this.print(renderTests(tests, this.theme));
    const failure = testsFailure(tests);
    if (failure) this.endWith(EXIT.verificationFailed, failure);
    return { tests };
  }

  async #sweep(refs: string[], flags: SweepFlags): Promise<SweepResult[]> {
    const { against, confirm, sample } = flags;
    const choice = this.choice(flags);
    const sweeps =
      against === undefined
        ? await sweepTests(refs, await findStore(choice), { sample })
        : await sweepAgainst(
            refs,
            { ...choice, deployment: against, confirm, inputs: parseInputs(flags.input) },
            { sample },
          );
    this.print(renderSweeps(sweeps, this.theme));
    const failure = sweepsFailure(sweeps);
    if (failure) this.endWith(EXIT.verificationFailed, failure);
    return sweeps;
  }
}

interface SweepFlags {
  readonly file?: string | undefined;
  readonly against?: string | undefined;
  readonly confirm?: string | undefined;
  readonly sample?: number | undefined;
  readonly input?: string[] | undefined;
}
