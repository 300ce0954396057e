import { bytesFlag, textfileFlag } from "../../src/cli/backup/flags.ts";
import { renderCheck } from "../../src/cli/backup/render.ts";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { durationFlag, outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { type BackupCheckResult, checkBackups } from "../../src/use-cases/backup/check-backups.ts";

export default class BackupCheck extends BaseCommand<BackupCheckResult> {
  static override summary = "Say for monitoring whether the backups are as they should be";
  static override description =
    "Too old, too small, shrinking, not verified, damaged, too few, or nobody follows any more: by the limits of redisha.yaml or of the flags. Ends with 0 where all is well, 3 with warnings, 4 where a limit is passed, 10 where a backup is damaged or its last verification failed. Reads no payload.";
  static override examples = [
    "<%= config.bin %> backup check",
    {
      description: "With limits of one's own",
      command: "<%= config.bin %> backup check --max-age 26h --verified-within 8d --min-size 1gb",
    },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.warnings,
    EXIT.gateRefused,
    EXIT.cannotConnect,
    EXIT.verificationFailed,
  ];
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    "max-age": durationFlag({ summary: "Age of the newest backup" }),
    "verified-within": durationFlag({ summary: "Age of the newest successful verification" }),
    "followed-within": durationFlag({
      summary: "Age of the newest moment that backup follow has stored (default 15m)",
    }),
    "min-size": bytesFlag({ summary: "Plain size of the newest backup" }),
    textfile: textfileFlag,
  };

  async run(): Promise<BackupCheckResult> {
    const { flags } = await this.parse(BackupCheck);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const age = flags["max-age"];
    const within = flags["verified-within"];
    const followed = flags["followed-within"];
    const size = flags["min-size"];
    const limits = {
      ...(age === undefined ? {} : { maxAgeMs: age }),
      ...(within === undefined ? {} : { verifiedWithinMs: within }),
      ...(followed === undefined ? {} : { followedWithinMs: followed }),
      ...(size === undefined ? {} : { minSize: size }),
    };
    const { signal } = new AbortController();
    const result = await checkBackups(deployment, limits, { signal, textfile: flags.textfile });
    this.print(renderCheck(result, this.theme, Date.now()));
    this.endWith(result.exit);
    return result;
  }
}
