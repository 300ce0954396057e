import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { renderRunbooks } from "../../src/cli/runbook/render-list.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findStore } from "../../src/use-cases/find-store.ts";
import { type ListedRunbook, listRunbooks } from "../../src/use-cases/list-runbooks.ts";

export default class RunbookList extends BaseCommand<{ runbooks: ListedRunbook[] }> {
  static override summary = "List the runbooks: those that are shipped, your copies of them, and your own";
  static override examples = ["<%= config.bin %> runbook list"];
  static override exitCodes = [EXIT.done];
  static override flags = { output: outputFlag(["table", "json", "yaml"]) };

  async run(): Promise<{ runbooks: ListedRunbook[] }> {
    const { flags } = await this.parse(RunbookList);
    const runbooks = await listRunbooks(await findStore(this.choice(flags)));
    this.print(renderRunbooks(runbooks, { theme: this.theme, width: this.tableWidth }));
    return { runbooks };
  }
}
