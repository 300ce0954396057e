import { option, string } from "@oclif/core/flags";
import { durationFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, runFlags } from "../src/cli/running-command.ts";
import { GoingBackCommand, type GoneBack } from "../src/cli/upgrade/going-back.ts";
import { pastUpgrade, standbyPriority } from "../src/use-cases/past-upgrade.ts";

export default class Rollback extends GoingBackCommand {
  static override summary =
    "Go back to the release from before an upgrade: without loss where that can be, else by a backup";
  static override description =
    "Where the last upgrade has not come to its point of no return, it is taken back: the upgraded replicas get the older release, and all data from the primary, which was never touched. Behind that point the servers are brought back one by one, as an upgrade brings them there, where the newer release still sends its replicas what the older one reads. Everything else is refused, with the reason, the backup that leads back, and how much was written since it: --lose agrees to that. Then the backup is proved beside the running servers, all of them stop, get the older release and the backup, and start; where a part of that fails, the newer release comes back with everything.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> rollback --to 7.0.15 --dry-run" },
    {
      description: "An upgrade that stopped half-way",
      command: "<%= config.bin %> rollback --to 7.0.15 --confirm shop",
    },
    {
      description: "From Valkey 9 to 8, behind the switchover",
      command: "<%= config.bin %> rollback --to 8.1.1 --directory /opt/valkey-8.1 --confirm shop",
    },
    {
      description: "By the backup that the upgrade made, where nothing else leads back",
      command: "<%= config.bin %> rollback --to 7.0.15 --lose 16mb --confirm shop",
    },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    to: string({ required: true, helpValue: "VERSION", summary: "The release from before, in full: 7.0.15" }),
    directory: string({ helpValue: "DIR", summary: "The folder of its programs on every host (default: packages)" }),
    lose: string({
      helpValue: "SIZE|all",
      summary: "Go back by a backup, and lose at most so much of what was written since: 16mb",
    }),
    backup: string({
      helpValue: "ID",
      dependsOn: ["lose"],
      summary: "The backup to go back to (default: the one that the upgrade made)",
    }),
    waive: option({ options: ["backup"] as const, helpValue: "backup", summary: "Make no backup first" })(),
    soak: durationFlag({ summary: "How long to wait between two replicas (default: 10s)" }),
  };

  async run(): Promise<GoneBack> {
    const { flags } = await this.parse(Rollback);
    const work = await this.prepare("upgrade", flags);
    const past = await pastUpgrade(work.deployment.name, process.env);
    const before = past?.from.find((release) => release.endsWith(` ${flags.to}`));
    const away = past?.open && before !== undefined && !past.to.includes(flags.to);
    if (past && away) return this.takeBack(past, work, flags["dry-run"]);
    this.unfinished = past?.unfinished ? past.detail.record.run : undefined;
    const engine = before?.split(" ")[0]?.toLowerCase();
    const standby = await this.standbyFor(flags, work);
    if (flags.lose !== undefined) {
      const way = { ...flags, lose: flags.lose, engine, backup: flags.backup ?? past?.backup ?? undefined };
      return this.byBackup(way, await this.runbookOf("rollback", work.deployment), work, flags["dry-run"]);
    }
    const sound = standby?.unsound.length === 0 ? standby.node.id : undefined;
    const priority = sound && (await standbyPriority(work.deployment.name, process.env));
    const known = { engine, by_standby: sound, standby_priority: priority, left: standby, backup: past?.backup };
    return this.straight(work, { ...flags, ...known }, flags["dry-run"]);
  }
}
