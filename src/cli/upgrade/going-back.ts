import { NO_ANSWERS } from "../../engine/doubt.ts";
import type { Plan } from "../../engine/plan.ts";
import type { Runbook } from "../../runbook/model.ts";
import { planRollBack, rollBackRun } from "../../use-cases/continue-run.ts";
import type { PastUpgrade } from "../../use-cases/past-upgrade.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { upgradeWindow } from "../../use-cases/upgrade-window.ts";
import { agreeToGoBack } from "../confirm.ts";
import { RunningCommand, type Work } from "../running-command.ts";
import { pastRun } from "../runs/continue-flags.ts";
import { renderPlannedRollback } from "../runs/render-undo.ts";
import type { PlannedRollback } from "../runs/results.ts";
import { told } from "../runs/told.ts";
import { withWindow } from "./no-way-back.ts";
import { type BackupWay, inputsOfRollback } from "./rollback-inputs.ts";

/** What going back came to, or would. */
export type GoneBack = RunSummary | Plan | PlannedRollback;

/** The ways back to the release from before an upgrade that are not an upgrade themselves. */
export abstract class GoingBackCommand extends RunningCommand<GoneBack> {
  /** A refusal, with what the backup would cost. */
  protected async withWindow(
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
  protected async byBackup(way: BackupWay, runbook: Runbook, given: Work, dryRun: boolean): Promise<RunSummary | Plan> {
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
  protected async takeBack({ detail }: PastUpgrade, given: Work, dryRun: boolean): Promise<GoneBack> {
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
