import { string } from "@oclif/core/args";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { renderShown, type ShownRunbook, toShown } from "../../src/cli/runbook/render-show.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { compileByName } from "../../src/use-cases/compile.ts";
import { findStore } from "../../src/use-cases/find-store.ts";

export default class RunbookShow extends BaseCommand<ShownRunbook> {
  static override summary = "Print a runbook, with the inputs it takes";
  static override description =
    "The file goes to stdout as it stands; where it comes from and its inputs go to stderr.";
  static override examples = [
    "<%= config.bin %> runbook show canary",
    "<%= config.bin %> runbook show canary > mine.yaml",
  ];
  static override exitCodes = [EXIT.done];
  static override args = { runbook: string({ required: true, description: "A name, or the path of a file" }) };
  static override flags = { output: outputFlag(["table", "json", "yaml"]) };

  async run(): Promise<ShownRunbook> {
    const { args, flags } = await this.parse(RunbookShow);
    const { runbook, text } = await compileByName(args.runbook, await findStore(this.choice(flags)));
    const shown = toShown(runbook, text);
    const { isTty, columns } = this.invocation.streams.stderr;
    this.note(`${renderShown(shown, { theme: this.noteTheme, width: isTty ? columns : undefined })}\n`);
    this.print(text);
    return shown;
  }
}
