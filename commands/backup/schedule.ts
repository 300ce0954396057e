import { boolean, integer, string } from "@oclif/core/flags";
import { textfileFlag } from "../../src/cli/backup/flags.ts";
import type { BackupScheduleResult } from "../../src/cli/backup/results.ts";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { durationFlag, outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { scheduleBackups, scheduleFollow } from "../../src/use-cases/backup/schedule-backups.ts";

export default class BackupSchedule extends BaseCommand<BackupScheduleResult> {
  static override summary = "Print a systemd service with its timer, or a crontab, that make backups";
  static override description =
    "Writes nothing: each part is printed under the path that it belongs to. What follows -- is handed on to redisha backup.";
  static override examples = [
    "<%= config.bin %> backup schedule --at 02:30 --user redisha",
    {
      description: "Every second, for restore --at",
      command: "<%= config.bin %> backup schedule --follow --user redisha",
    },
    {
      description: "Every six hours, for cron",
      command: "<%= config.bin %> backup schedule --every-hours 6 --kind cron",
    },
  ];
  static override exitCodes = [EXIT.done];
  static override strict = false;
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    kind: string({ options: ["systemd", "cron"], default: "systemd", summary: "Which of the two to print" }),
    at: string({ default: "02:30", helpValue: "HH:MM", summary: "When, by the clock of this machine" }),
    "every-hours": integer({
      default: 24,
      options: [1, 2, 3, 4, 6, 8, 12, 24].map(String),
      helpValue: "N",
      summary: "How often: a part of a day",
    }),
    jitter: durationFlag({ default: 600_000, summary: "Begin up to so much later, by chance (default 10m)" }),
    follow: boolean({
      exclusive: ["at", "every-hours", "kind", "jitter", "textfile"],
      summary: "A service that follows append-only files all the time, for restore --at",
    }),
    user: string({ helpValue: "NAME", summary: "Who makes them; who you are, where it is left out" }),
    program: string({ helpValue: "PATH", summary: "The redisha to run; this one, where it is left out" }),
    "on-failure": string({ helpValue: "UNIT", summary: "systemd unit to start when a backup fails" }),
    textfile: textfileFlag,
  };

  async run(): Promise<BackupScheduleResult> {
    const { flags, argv } = await this.parse(BackupSchedule);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    if (flags.follow) {
      const { user, program } = flags;
      const service = scheduleFollow(deployment, {
        user,
        program,
        onFailure: flags["on-failure"],
        more: argv.map(String),
      });
      this.print(`# ${service.path}\n${service.text}`);
      this.note("Then: systemctl daemon-reload && systemctl enable --now the service");
      return { service, timer: null, crontab: null };
    }
    const rendered = scheduleBackups(deployment, {
      at: flags.at,
      everyHours: flags["every-hours"],
      jitterMs: flags.jitter,
      user: flags.user,
      program: flags.program,
      textfile: flags.textfile,
      onFailure: flags["on-failure"],
      more: argv.map(String),
    });
    const parts = flags.kind === "cron" ? [rendered.crontab] : [rendered.service, rendered.timer];
    this.print(parts.map(({ path, text }) => `# ${path}\n${text}`).join("\n"));
    if (flags.kind === "systemd") this.note("Then: systemctl daemon-reload && systemctl enable --now the timer");
    return rendered;
  }
}
