import { string } from "@oclif/core/args";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findStore } from "../../src/use-cases/find-store.ts";

export default class RunbookEject extends BaseCommand<{ path: string }> {
  static override summary = "Copy a shipped runbook beside redisha.yaml, to change it";
  static override description =
    "The copy is used instead of the shipped one, and every command that uses it says so. Nothing is overwritten.";
  static override examples = ["<%= config.bin %> runbook eject status"];
  static override exitCodes = [EXIT.done];
  static override args = { runbook: string({ required: true, description: "Name of a shipped runbook" }) };
  static override flags = { output: outputFlag(["table", "json", "yaml"]) };

  async run(): Promise<{ path: string }> {
    const { args, flags } = await this.parse(RunbookEject);
    const store = await findStore(this.choice(flags));
    const path = await store.eject(args.runbook);
    this.print(path);
    this.note(`From now on it is used instead of the shipped one. Check it with: redisha runbook validate ${path}`);
    return { path };
  }
}
