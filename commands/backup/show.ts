import { string as stringArg } from "@oclif/core/args";
import { renderBackup } from "../../src/cli/backup/render.ts";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { type BackupDetail, showBackup } from "../../src/use-cases/backup/list-backups.ts";

export default class BackupShow extends BaseCommand<BackupDetail> {
  static override summary = "Show one backup: where it is from, what is in it, what was found when it was verified";
  static override description = "Without an id, the newest. A unique beginning of an id is enough.";
  static override examples = ["<%= config.bin %> backup show", "<%= config.bin %> backup show 20261120T0230 --json"];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.cannotConnect, EXIT.verificationFailed];
  static override args = { id: stringArg({ description: "Of the backup; the newest where it is left out" }) };
  static override flags = { output: outputFlag(["table", "json", "yaml"]) };

  async run(): Promise<BackupDetail> {
    const { args, flags } = await this.parse(BackupShow);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const detail = await showBackup(deployment, args.id, new AbortController().signal);
    this.print(renderBackup(detail, this.theme));
    return detail;
  }
}
