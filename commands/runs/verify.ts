import { boolean } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { renderVerified } from "../../src/cli/runs/render-verify.ts";
import type { RunsVerifyResult } from "../../src/cli/runs/results.ts";
import { optionalRunArgument } from "../../src/cli/runs/run-argument.ts";
import { RedishaError } from "../../src/core/errors.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { verifyAllRuns, verifyRun } from "../../src/use-cases/runs.ts";

export default class RunsVerify extends BaseCommand<RunsVerifyResult> {
  static override summary = "Check that a journal is as it was written, line by line";
  static override description =
    "A line that was changed, taken out, added or moved is found by the digest that the next one carries. What was cut off at the end is found by comparing the digest with that of a report.";
  static override examples = ["<%= config.bin %> runs verify last", "<%= config.bin %> runs verify --all"];
  static override exitCodes = [EXIT.done, EXIT.verificationFailed];
  static override args = { run: optionalRunArgument };
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    all: boolean({ summary: "Every journal there is" }),
  };

  async run(): Promise<RunsVerifyResult> {
    const { args, flags } = await this.parse(RunsVerify);
    if (args.run === undefined ? !flags.all : flags.all) {
      throw new RedishaError({
        code: "USAGE",
        message: "runs verify wants the id of a run, or --all",
        exit: EXIT.usage,
        state: "nothing was touched",
        next: ["redisha runs verify last", "redisha runs verify --all"],
      });
    }
    const journals =
      args.run === undefined ? await verifyAllRuns(process.env) : [await verifyRun(args.run, process.env)];
    this.print(renderVerified({ journals }, this.theme));
    if (journals.some(({ exit }) => exit !== EXIT.done)) this.endWith(EXIT.verificationFailed);
    return { journals };
  }
}
