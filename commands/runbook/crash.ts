import { string } from "@oclif/core/args";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { crashChild } from "../../src/use-cases/sweep/crash.ts";

export default class RunbookCrash extends BaseCommand<null> {
  static override hidden = true;
  static override summary = "One run of a crash sweep, which kills itself; `runbook test --crash-sweep` starts it";
  static override args = { performance: string({ required: true, description: "File that the sweep wrote" }) };

  async run(): Promise<null> {
    const { args } = await this.parse(RunbookCrash);
    await crashChild(args.performance);
    return null;
  }
}
