import { option } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { labChoice, labCommonFlags, labFlags } from "../../src/cli/lab-flags.ts";
import { RedishaError } from "../../src/core/errors.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import type { LabKillResult } from "../../src/lab/results.ts";
import { SIGNALS } from "../../src/lab/signals.ts";

export default class LabKill extends BaseCommand<LabKillResult> {
  static override summary = "Send a signal to processes of a lab: a crash, a hang, a power cut";
  static override usage = "lab kill TARGET... [--signal SIGNAL]";
  static override description =
    "A target is one process, r1:6379, or all of a host, r1. Nothing starts a killed process again but `lab restart`.";
  static override examples = [
    "<%= config.bin %> lab kill r1:6379",
    "<%= config.bin %> lab kill r1:6379 --signal SIGSTOP   # hangs: connections are accepted and never answered",
    "<%= config.bin %> lab kill r1                         # the whole host, with its SSH sessions",
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.usage];
  static override strict = false;
  static override baseFlags = labCommonFlags;
  static override flags = {
    ...labFlags,
    signal: option({
      options: SIGNALS,
      default: "SIGKILL",
      summary: "SIGSTOP hangs it, SIGCONT wakes it, SIGTERM asks it to stop",
    })(),
  };

  async run(): Promise<LabKillResult> {
    const { flags, argv } = await this.parse(LabKill);
    if (argv.length === 0) {
      throw new RedishaError({
        code: "USAGE",
        message: "what is to be killed was not said",
        exit: EXIT.usage,
        state: "nothing was touched",
        next: ["redisha lab kill r1:6379", "redisha lab ps"],
      });
    }
    const { labKill } = await import("../../src/lab/kill.ts");
    const processes = await labKill({ ...labChoice(flags), targets: argv.map(String), signal: flags.signal });
    for (const { id, service, signal, pid } of processes) {
      this.print(pid === null ? `${id} ${service}: was not running` : `${id} ${service}: ${signal} sent to ${pid}`);
    }
    return { processes };
  }
}
