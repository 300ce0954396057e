import { string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { labCommonFlags, labFlags } from "../../src/cli/lab-flags.ts";
import { labPsText } from "../../src/cli/lab-text.ts";
import type { LabPsResult } from "../../src/lab/results.ts";

export default class LabPs extends BaseCommand<LabPsResult> {
  static override summary = "List labs, their hosts and processes";
  static override examples = ["<%= config.bin %> lab ps", "<%= config.bin %> lab ps --name lab --json"];
  static override baseFlags = labCommonFlags;
  static override flags = {
    ...labFlags,
    name: string({ helpValue: "NAME", summary: "Only this lab (default: all)" }),
    output: outputFlag(["table", "wide", "json", "yaml"]),
  };

  async run(): Promise<LabPsResult> {
    const { flags } = await this.parse(LabPs);
    const { labPs } = await import("../../src/lab/ps.ts");
    const labs = await labPs({
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.dir === undefined ? {} : { root: flags.dir }),
    });
    const { columns } = this.invocation.streams.stdout;
    const width = this.invocation.format === "wide" ? {} : { width: columns };
    this.print(labPsText(labs, { theme: this.theme, ...width }));
    return { labs };
  }
}
