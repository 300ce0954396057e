import { integer, string } from "@oclif/core/flags";
import { renderBackups, renderFollowed } from "../../src/cli/backup/render.ts";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { type BackupList, listBackups } from "../../src/use-cases/backup/list-backups.ts";

export default class BackupListCommand extends BaseCommand<BackupList> {
  static override summary = "List the backups of a deployment, the newest first";
  static override description =
    "Reads manifests, no payload. A backup without a manifest does not count, and is shown as unfinished.";
  static override examples = [
    "<%= config.bin %> backup list",
    {
      description: "The id of the newest good one",
      command:
        "<%= config.bin %> backup list --json | jq -r 'first(.result.backups[] | select(.state == \"complete\")).id'",
    },
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.cannotConnect];
  static override flags = {
    output: outputFlag(["table", "wide", "json", "yaml"]),
    tag: string({ helpValue: "WORD", summary: "Only those with this tag" }),
    limit: integer({ min: 1, helpValue: "N", summary: "At most so many" }),
  };

  async run(): Promise<BackupList> {
    const { flags } = await this.parse(BackupListCommand);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const found = await listBackups(deployment, new AbortController().signal);
    const tagged =
      flags.tag === undefined ? found.backups : found.backups.filter(({ tags }) => tags.includes(flags.tag ?? ""));
    const backups = tagged.slice(0, flags.limit);
    const width = this.invocation.format === "wide" ? {} : { width: this.width };
    if (backups.length === 0) this.note(`No backups in ${found.repository}.`);
    else this.print(renderBackups(backups, { theme: this.theme, ...width, now: Date.now() }));
    if (found.followed.length > 0) this.print(renderFollowed(found.followed, this.theme));
    return { ...found, backups };
  }
}
