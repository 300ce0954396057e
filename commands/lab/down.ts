import { boolean } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { labChoice, labCommonFlags, labFlags } from "../../src/cli/lab-flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import type { LabDownResult } from "../../src/lab/results.ts";

export default class LabDown extends BaseCommand<LabDownResult> {
  static override summary = "End every process of a lab and remove its folder";
  static override description =
    "Works from what is running, not from notes: also where `lab up` was killed half-way. A lab that is not there is no error.";
  static override examples = ["<%= config.bin %> lab down", "<%= config.bin %> lab down --all"];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.usage, EXIT.lockHeld];
  static override baseFlags = labCommonFlags;
  static override flags = { ...labFlags, all: boolean({ summary: "All labs" }) };

  async run(): Promise<LabDownResult> {
    const { flags } = await this.parse(LabDown);
    const { labDown } = await import("../../src/lab/down.ts");
    const labs = await labDown({ ...labChoice(flags), all: flags.all });
    const lines = labs.map(
      (lab) => `${lab.name} is down: ${lab.processes_ended} processes ended, ${lab.folder} removed`,
    );
    this.print(lines.join("\n") || "there was nothing to take down");
    return { labs };
  }
}
