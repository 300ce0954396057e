import { string } from "@oclif/core/args";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findStore } from "../../src/use-cases/find-store.ts";
import { type ValidatedRunbook, validateRunbooks } from "../../src/use-cases/validate-runbooks.ts";

export default class RunbookValidate extends BaseCommand<{ runbooks: ValidatedRunbook[] }> {
  static override summary = "Check runbooks without running them: fields, actions, types, references";
  static override description =
    "Every problem of every file at once, each with its line and column. Without a name, all runbooks that there are.";
  static override examples = [
    "<%= config.bin %> runbook validate my-procedure.yaml",
    "<%= config.bin %> runbook validate runbooks/*.yaml",
  ];
  static override exitCodes = [EXIT.done, EXIT.warnings];
  static override strict = false;
  static override args = { runbook: string({ description: "Names, or paths of files" }) };
  static override flags = { output: outputFlag(["table", "json", "yaml"]) };

  async run(): Promise<{ runbooks: ValidatedRunbook[] }> {
    const { argv, flags } = await this.parse(RunbookValidate);
    const runbooks = await validateRunbooks(argv.map(String), await findStore(this.choice(flags)));
    const { good, symbols } = this.theme;
    for (const { path, version } of runbooks) this.print(`${good(symbols.ok)} ${path} ${version}`);
    return { runbooks };
  }
}
