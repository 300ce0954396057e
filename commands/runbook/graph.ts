import { string } from "@oclif/core/args";
import { boolean } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { type GraphPart, graphOf, mermaid, renderGraph } from "../../src/cli/runbook/graph.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { compileByName } from "../../src/use-cases/compile.ts";
import { findStore } from "../../src/use-cases/find-store.ts";

export default class RunbookGraph extends BaseCommand<{ name: string; parts: GraphPart[] }> {
  static override summary = "Draw the steps of a runbook, blocks and sub-runbooks included";
  static override examples = [
    "<%= config.bin %> runbook graph canary",
    "<%= config.bin %> runbook graph canary --mermaid",
  ];
  static override exitCodes = [EXIT.done];
  static override args = { runbook: string({ required: true, description: "A name, or the path of a file" }) };
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    mermaid: boolean({ summary: "As a Mermaid flowchart, for a wiki or a pull request" }),
  };

  async run(): Promise<{ name: string; parts: GraphPart[] }> {
    const { args, flags } = await this.parse(RunbookGraph);
    const { runbook } = await compileByName(args.runbook, await findStore(this.choice(flags)));
    const parts = graphOf(runbook);
    if (flags.mermaid) this.print(mermaid(parts));
    else this.print(`${this.theme.strong(`${runbook.name} ${runbook.version}`)}\n${renderGraph(parts, this.theme)}`);
    return { name: runbook.name, parts };
  }
}
