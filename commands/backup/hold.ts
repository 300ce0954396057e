import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { type HoldResult, holdOrRelease } from "../../src/use-cases/backup/keep-backups.ts";

export default class BackupHold extends BaseCommand<HoldResult> {
  static override summary = "Keep a backup from ever expiring, or let go of it";
  static override examples = [
    "<%= config.bin %> backup hold 20261120T023000Z-1a2b3c --reason 'before the upgrade to 8.0'",
    {
      description: "Let the rules decide again",
      command: "<%= config.bin %> backup hold 20261120T023000Z-1a2b3c --release",
    },
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.cannotConnect];
  static override args = { id: stringArg({ required: true, description: "Of the backup; `last` is the newest" }) };
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    reason: string({ helpValue: "TEXT", default: "held by an operator", summary: "Why, for those who wonder later" }),
    release: boolean({ summary: "It may expire again" }),
  };

  async run(): Promise<HoldResult> {
    const { args, flags } = await this.parse(BackupHold);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const reason = flags.release ? undefined : flags.reason;
    const result = await holdOrRelease(deployment, args.id, reason, new AbortController().signal);
    this.print(result.held ? `${result.id} is held: ${result.reason}` : `${result.id} may expire`);
    return result;
  }
}
