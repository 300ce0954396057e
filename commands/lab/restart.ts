import { BaseCommand } from "../../src/cli/base-command.ts";
import { labChoice, labCommonFlags, labFlags } from "../../src/cli/lab-flags.ts";
import { untilInterrupted } from "../../src/cli/until-interrupted.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import type { LabRestartResult } from "../../src/lab/results.ts";

export default class LabRestart extends BaseCommand<LabRestartResult> {
  static override summary = "Restart processes of a lab, or start dead ones";
  static override usage = "lab restart [TARGET...]";
  static override description =
    "A target is one process, r1:6379, or all of a host, r1; without any, the whole lab restarts. Configuration and data are what they have become.";
  static override examples = [
    "<%= config.bin %> lab restart r1:6379",
    "<%= config.bin %> lab restart r1",
    "<%= config.bin %> lab restart",
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.usage, EXIT.lockHeld];
  static override strict = false;
  static override baseFlags = labCommonFlags;
  static override flags = { ...labFlags };

  async run(): Promise<LabRestartResult> {
    const { flags, argv } = await this.parse(LabRestart);
    const { labRestart } = await import("../../src/lab/restart.ts");
    const processes = await untilInterrupted(
      (signal) => labRestart({ ...labChoice(flags), targets: argv.map(String) }, signal),
      "some processes may be stopped: repeat the command, or look with `redisha lab ps`",
    );
    for (const { id, service, was_running, pid } of processes) {
      this.print(`${id} ${service}: ${was_running ? "restarted" : "started"}, pid ${pid}`);
    }
    return { processes };
  }
}
