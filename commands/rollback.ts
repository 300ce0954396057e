import { option, string } from "@oclif/core/flags";
import { agreeToGoBack } from "../src/cli/confirm.ts";
import { durationFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags, type Work } from "../src/cli/running-command.ts";
import { pastRun } from "../src/cli/runs/continue-flags.ts";
import { renderPlannedRollback } from "../src/cli/runs/render-undo.ts";
import type { PlannedRollback } from "../src/cli/runs/results.ts";
import { told } from "../src/cli/runs/told.ts";
import { shownUpgrade, upgradeAdvice } from "../src/cli/upgrade/advice.ts";
import { inputsOfUpgrade } from "../src/cli/upgrade/inputs.ts";
import { withWindow } from "../src/cli/upgrade/no-way-back.ts";
import { type BackupWay, inputsOfRollback } from "../src/cli/upgrade/rollback-inputs.ts";
import { NO_ANSWERS } from "../src/engine/doubt.ts";
import type { Plan } from "../src/engine/plan.ts";
import type { Runbook } from "../src/runbook/model.ts";
import { planRollBack, rollBackRun } from "../src/use-cases/continue-run.ts";
import { type PastUpgrade, pastUpgrade } from "../src/use-cases/past-upgrade.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";
import { upgradeWindow } from "../src/use-cases/upgrade-window.ts";

type Result = RunSummary | Plan | PlannedRollback;

export default class Rollback extends RunningCommand<Result> {
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

  async run(): Promise<Result> {
    const { flags } = await this.parse(Rollback);
    const work = await this.prepare("upgrade", flags);
    const past = await pastUpgrade(work.deployment.name, process.env);
    const before = past?.from.find((release) => release.endsWith(` ${flags.to}`));
    if (past?.open && before !== undefined) return this.takeBack(past, work, flags["dry-run"]);
    const engine = before?.split(" ")[0]?.toLowerCase();
    if (flags.lose !== undefined) {
      const way = { ...flags, lose: flags.lose, engine, backup: flags.backup ?? past?.backup ?? undefined };
      return this.byBackup(way, await this.runbookOf("rollback", work.deployment), work, flags["dry-run"]);
    }
    const inputs = { ...inputsOfUpgrade({ ...flags, engine }, work.deployment), back: "true" };
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Bring ${work.deployment.name} back to ${flags.to}`;
    const summary = await this.perform(work, inputs, { effect: "disruptive", what });
    if (summary.error?.code === "UPGRADE_IS_DOWNGRADE" && past?.backup) {
      return this.finish(await this.withWindow(summary, past.backup, work, flags));
    }
    for (const line of upgradeAdvice(summary, flags.directory)) this.note(line);
    return this.finish(summary, shownUpgrade(summary));
  }

  /** A refusal, with what the backup would cost. */
  private async withWindow(
    summary: RunSummary,
    backup: string,
    work: Work,
    typed: Pick<BackupWay, "to" | "directory">,
  ) {
    const window = await this.carrying({ ...work, quietly: true }, async ({ session, signal }) =>
      upgradeWindow(work.deployment, backup, await session.live.topology(signal), signal),
    );
    return window ? withWindow(summary, { ...typed, backup }, window) : summary;
  }

  /** Behind it, where nothing but a backup leads back. */
  private async byBackup(way: BackupWay, runbook: Runbook, given: Work, dryRun: boolean): Promise<RunSummary | Plan> {
    const work = { ...given, runbook };
    const { deployment } = work;
    const inputs = inputsOfRollback(way, deployment);
    if (dryRun) return this.plan(work, inputs);
    const what = `Bring ${deployment.name} back to ${way.to} by backup ${inputs.backup}, and lose up to ${way.lose} of writes`;
    const summary = await this.perform(work, inputs, { effect: "destructive", what });
    const { summary: ended, shown, advice } = told(summary);
    for (const line of advice) this.note(line);
    return this.finish(ended, shown);
  }

  /** Before the point of no return: what the journal knows to take back. */
  private async takeBack({ detail }: PastUpgrade, given: Work, dryRun: boolean): Promise<Result> {
    const { run } = detail.record;
    const { file, name } = given.deployment;
    // The upgrade's own runbook, which may be another one than that of today.
    const { past, runbook } = await pastRun(run, this.choice({ file, deployment: name }));
    const work = { ...given, runbook };
    const going = { past, answers: NO_ANSWERS, acceptChanged: false };
    if (dryRun) {
      const ops = await this.carrying(work, (request) => planRollBack({ ...request, ...going }));
      this.print(renderPlannedRollback({ run, ops }, this.theme));
      return { run, ops };
    }
    const summary = await this.carrying(work, async (request, asking) =>
      rollBackRun({ ...request, ...going, approvals: await agreeToGoBack(past, asking) }),
    );
    return this.finish(summary);
  }
}
