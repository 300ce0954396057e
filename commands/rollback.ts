import { option, string } from "@oclif/core/flags";
import { agreeToGoBack } from "../src/cli/confirm.ts";
import { durationFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags, type Work } from "../src/cli/running-command.ts";
import { pastRun } from "../src/cli/runs/continue-flags.ts";
import { renderPlannedRollback } from "../src/cli/runs/render-undo.ts";
import type { PlannedRollback } from "../src/cli/runs/results.ts";
import { shownUpgrade, upgradeAdvice } from "../src/cli/upgrade/advice.ts";
import { inputsOfUpgrade } from "../src/cli/upgrade/inputs.ts";
import { withWindow } from "../src/cli/upgrade/no-way-back.ts";
import { NO_ANSWERS } from "../src/engine/doubt.ts";
import type { Plan } from "../src/engine/plan.ts";
import { planRollBack, rollBackRun } from "../src/use-cases/continue-run.ts";
import { type PastUpgrade, pastUpgrade } from "../src/use-cases/past-upgrade.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

type Result = RunSummary | Plan | PlannedRollback;

export default class Rollback extends RunningCommand<Result> {
  static override summary = "Go back to the release from before an upgrade, where nothing is lost by it";
  static override description =
    "Where the last upgrade has not come to its point of no return, it is taken back: the upgraded replicas get the older release, and all data from the primary, which was never touched. Behind that point the servers are brought back one by one, as an upgrade brings them there, where the newer release still sends its replicas what the older one reads. Everything else is refused, with the reason, the backup that leads back, and how much was written since.";
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
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    to: string({ required: true, helpValue: "VERSION", summary: "The release from before, in full: 7.0.15" }),
    directory: string({ helpValue: "DIR", summary: "The folder of its programs on every host (default: packages)" }),
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
    const inputs = { ...inputsOfUpgrade({ ...flags, engine }, work.deployment), back: "true" };
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Bring ${work.deployment.name} back to ${flags.to}`;
    const summary = await this.perform(work, inputs, { effect: "disruptive", what });
    if (summary.error?.code === "UPGRADE_IS_DOWNGRADE") {
      const look = { ...work, quietly: true };
      const topology = await this.carrying(look, ({ session, signal }) => session.live.topology(signal));
      return this.finish(withWindow(summary, past, topology));
    }
    for (const line of upgradeAdvice(summary, flags.directory)) this.note(line);
    return this.finish(summary, shownUpgrade(summary));
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
