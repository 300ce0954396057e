import { boolean, string } from "@oclif/core/flags";
import { bytesFlag, textfileFlag } from "../src/cli/backup/flags.ts";
import { backupInputs, isSilent, shownBackup } from "../src/cli/backup/run-backup.ts";
import { durationFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { createBackup, planBackup, withTextfile } from "../src/use-cases/backup/create-backup.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Backup extends RunningCommand<RunSummary | Plan> {
  static override summary = "Back a deployment up: prove the snapshots, store them, read them back";
  static override description =
    "Saves on the healthiest replica of every shard, proves that each file is from that save, checks it on its host, streams it into the repository of redisha.yaml, reads back every byte, and only then writes the manifest that makes it a backup. Without a terminal it is silent unless something went wrong.";
  static override examples = [
    { description: "What it would do, and why from which node", command: "<%= config.bin %> backup --dry-run" },
    { description: "Make one now", command: "<%= config.bin %> backup --reason 'before the upgrade' --tag upgrade" },
    {
      description: "From cron",
      command: "<%= config.bin %> backup --jitter 10m --textfile /var/lib/node_exporter/redisha.prom",
    },
    { description: "Have cron or systemd do it every night", command: "<%= config.bin %> backup schedule --at 02:30" },
  ];
  static override exitCodes = [...RUN_EXITS, EXIT.verificationFailed];
  static override flags = {
    ...runFlags,
    method: string({
      options: ["auto", "bgsave", "sync", "aof"],
      default: "auto",
      summary: "How the data is had: a snapshot, replication, the append-only file",
    }),
    consistency: string({
      options: ["auto", "fenced", "parallel"],
      default: "auto",
      summary: "Of the shards of a Cluster: hold writes for some milliseconds, or do not",
    }),
    "allow-primary": boolean({ summary: "Read a primary where no replica will do" }),
    "plain-secrets": boolean({ summary: "Store configuration with passwords also where nothing is encrypted" }),
    tag: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "WORD",
      summary: "To find it by; may be repeated",
    }),
    reason: string({ helpValue: "TEXT", summary: "What it is made for" }),
    "limit-rate": bytesFlag({ summary: "Bytes per second to the repository, such as 50mb" }),
    jitter: durationFlag({ summary: "Begin up to so much later, by chance" }),
    textfile: textfileFlag,
  };

  async run(): Promise<RunSummary | Plan> {
    const { flags } = await this.parse(Backup);
    const inputs = backupInputs(flags);
    if (flags["dry-run"]) {
      const work = await this.prepare("backup", flags);
      const { plan, sources } = await this.carrying(work, (request) => planBackup({ ...request, inputs }));
      return this.showPlan(plan, `\n\nSources\n${sources.map((text) => `  ${text}`).join("\n")}`);
    }
    let name = flags.deployment ?? "";
    const summary = await withTextfile({ textfile: flags.textfile, deployment: () => name }, async () => {
      const work = { ...(await this.prepare("backup", flags)), quietly: this.forPeople && !this.watched };
      name = work.deployment.name;
      const jitterMs = flags.jitter ?? 0;
      return this.carrying(work, (request) => createBackup({ ...request, inputs }, { jitterMs }));
    });
    if (isSilent(summary, !this.forPeople || this.watched)) return summary;
    return this.finish(summary, shownBackup(summary));
  }

  /** Somebody may be looking on: from cron nobody is, and only what went wrong is said. */
  private get watched(): boolean {
    const { streams, verbose } = this.invocation;
    return verbose || streams.stdout.isTty || streams.stderr.isTty;
  }
}
