import { boolean } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { durationFlag, outputFlag } from "../../src/cli/flags.ts";
import { untilInterrupted } from "../../src/cli/until-interrupted.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { type FollowResult, followBackups } from "../../src/use-cases/backup/follow-backups.ts";

export default class BackupFollow extends BaseCommand<FollowResult> {
  static override summary =
    "Store what servers append to their append-only files, as they append it, until it is stopped";
  static override description =
    "Then `restore --at` reaches every second of it. Needs 7.0 or later with appendonly and aof-timestamp-enabled. A replica is followed where there is one; where it goes, another server is. It goes on where it was, also after a crash; parts that the server drops are kept by a link on its host until they are stored. As a service: redisha backup schedule --follow.";
  static override examples = [
    "<%= config.bin %> backup follow",
    { description: "Only what is there now", command: "<%= config.bin %> backup follow --once" },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.gateRefused,
    EXIT.lockHeld,
    EXIT.cannotConnect,
    EXIT.interrupted,
    EXIT.terminated,
  ];
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    every: durationFlag({ default: 5_000, summary: "Between two looks (default 5s): what may be missing at the end" }),
    keep: durationFlag({ default: 7 * 86_400_000, summary: "Give up moments that are older (default 7d)" }),
    once: boolean({ summary: "Store what is there now, and end" }),
  };

  async run(): Promise<FollowResult> {
    const { flags } = await this.parse(BackupFollow);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const request = { everyMs: flags.every, keepMs: flags.keep, once: flags.once };
    const tell = (line: string) => this.note(line);
    const result = await untilInterrupted(
      (signal) => followBackups(deployment, { ...request, signal, tell }),
      "what is stored counts; it is gone on with when it is started again",
    );
    for (const { shard, reaches } of result.shards) {
      this.print(`${shard}: ${reaches === null ? "nothing can be restored yet" : `all is stored up to ${reaches}`}`);
    }
    return result;
  }
}
