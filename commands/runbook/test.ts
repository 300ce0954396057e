import { string } from "@oclif/core/args";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { renderTests, testsFailure } from "../../src/cli/runbook/render-tests.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findStore } from "../../src/use-cases/find-store.ts";
import { type TestFileResult, testRunbooks } from "../../src/use-cases/test-runbook.ts";

export default class RunbookTest extends BaseCommand<{ tests: TestFileResult[] }> {
  static override summary = "Rehearse runbooks against their tests, on a deployment that is only simulated";
  static override description =
    "A test stands beside its runbook: canary.yaml, canary.test.yaml. It gives a deployment, answers for steps, and what is to come of it. The engine is the real one; no server is asked. Without a file, every test that there is.";
  static override examples = [
    "<%= config.bin %> runbook test",
    "<%= config.bin %> runbook test runbooks/my-procedure.test.yaml",
  ];
  static override exitCodes = [EXIT.done, EXIT.verificationFailed];
  static override strict = false;
  static override args = { test: string({ description: "Paths of tests, or names of runbooks" }) };
  static override flags = { output: outputFlag(["table", "json", "yaml"]) };

  async run(): Promise<{ tests: TestFileResult[] }> {
    const { argv, flags } = await this.parse(RunbookTest);
    const store = await findStore(this.choice(flags));
    const tests = await testRunbooks(argv.map(String), store);
    this.print(renderTests(tests, this.theme));
    const failure = testsFailure(tests);
    if (failure) this.endWith(EXIT.verificationFailed, failure);
    return { tests };
  }
}
