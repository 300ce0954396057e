import { boolean } from "@oclif/core/flags";
import { renderPrune } from "../../src/cli/backup/render.ts";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { approver } from "../../src/cli/confirm.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { lookAtPrune, type PruneResult, pruneBackups } from "../../src/use-cases/backup/keep-backups.ts";

export default class BackupPrune extends BaseCommand<PruneResult> {
  static override summary = "Delete the backups that no rule of redisha.yaml keeps";
  static override description =
    "Every backup is shown with the reason why it stays or goes. Nothing expires where the newest attempt or the newest verification failed, and never below minimum_redundancy. What dead runs left is removed.";
  static override examples = [
    { description: "What would go, and why the rest stays", command: "<%= config.bin %> backup prune --dry-run" },
    { description: "Do it, from cron", command: "<%= config.bin %> backup prune --yes" },
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.gateRefused, EXIT.lockHeld, EXIT.cannotConnect];
  static override flags = {
    output: outputFlag(["table", "wide", "json", "yaml"]),
    "dry-run": boolean({ char: "n", summary: "Say what would be deleted, and why, and delete nothing" }),
    yes: boolean({ char: "y", summary: "Delete without asking" }),
  };

  async run(): Promise<PruneResult> {
    const { flags } = await this.parse(BackupPrune);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const { signal } = new AbortController();
    const planned = await lookAtPrune(deployment, signal);
    const width = this.invocation.format === "wide" ? {} : { width: this.width };
    const look = { theme: this.theme, ...width };
    const going = planned.decisions.filter(({ keep }) => !keep);
    if (flags["dry-run"]) {
      this.print(renderPrune(planned, look));
      return planned;
    }
    if (going.length > 0) {
      const { streams } = this.invocation;
      const renderer = { standStill: <T>(work: () => Promise<T>) => work() };
      const asking = {
        deployment: deployment.name,
        yes: flags.yes,
        confirm: undefined,
        streams,
        renderer,
        pause: signal,
      };
      const what = `Delete ${going.map(({ id }) => id).join(", ")}?`;
      await approver({ ...asking, look: "look first: redisha backup prune --dry-run" })({ what });
    }
    const result = await pruneBackups(deployment, signal);
    this.print(renderPrune(result, look));
    return result;
  }
}
