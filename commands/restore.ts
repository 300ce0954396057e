import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { restoreInputs } from "../src/cli/restore/inputs.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { told } from "../src/cli/runs/told.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Restore extends RunningCommand<RunSummary | Plan> {
  static override summary = "Bring a backup back, and keep what is there now until you remove it";
  static override description =
    "Everything that can be found out beforehand is: the backup is fetched, decrypted, proved and held against version, modules, memory and disk while the servers go on as before. Then all data nodes are stopped, so that nobody can be promoted, their data is moved aside, the backup is loaded, and the replicas come back one after the other. What fails on the way puts the old data back.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> restore --dry-run" },
    { description: "The newest backup", command: "<%= config.bin %> restore --confirm shop" },
    {
      description: "To a moment, from a backup of the append-only file",
      command: "<%= config.bin %> restore --at 2026-11-20T10:15:00Z",
    },
    { description: "Only look into it, on this machine", command: "<%= config.bin %> restore --to-scratch" },
    {
      description: "A Cluster of three shards into one of four, which is empty",
      command: "<%= config.bin %> restore --routed --deployment shop --to shop-new",
    },
    {
      description: "A backup of one deployment into another",
      command: "<%= config.bin %> restore --deployment shop --to staging",
    },
  ];
  static override exitCodes = [...RUN_EXITS, EXIT.verificationFailed];
  static override args = { backup: stringArg({ default: "latest", description: "Id of a backup, or latest" }) };
  static override flags = {
    ...runFlags,
    at: string({ helpValue: "MOMENT", summary: "The state at this second, with zone: 2026-11-20T10:15:00Z" }),
    to: string({
      helpValue: "DEPLOYMENT",
      exclusive: ["to-scratch"],
      summary: "Into another deployment than it is from",
    }),
    routed: boolean({
      exclusive: ["to-scratch", "shard", "config-file"],
      summary: "Key by key into an empty deployment that has other shards, or none",
    }),
    "to-scratch": boolean({ summary: "Into a server on this machine that only you reach; it is left running" }),
    identity: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "FILE",
      summary: "An age key to decrypt with",
    }),
    "config-file": string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "INSTANCE=PATH",
      summary: "The redis.conf of a server that is down, where no systemd unit tells: r1:6379=/etc/redis.conf",
    }),
    shard: string({ helpValue: "NAME", summary: "Of a Cluster, only this shard: c0-5460" }),
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(Restore);
    const { to, "to-scratch": toScratch } = flags;
    const from = to === undefined ? undefined : (await findDeployment(this.choice(flags))).deployment.name;
    const name = toScratch ? "restore-scratch" : flags.routed ? "restore-routed" : "restore";
    const work = await this.prepare(name, { ...flags, deployment: to ?? flags.deployment });
    const inputs = restoreInputs(args.backup, from, flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Restore backup ${args.backup}${from ? ` of ${from}` : ""} into ${work.deployment.name}`;
    const summary = await this.perform(work, inputs, { effect: toScratch ? "change" : "destructive", what });
    const { summary: ended, shown, advice } = told(summary);
    for (const line of advice) this.note(line);
    return this.finish(ended, shown);
  }
}
