import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { NO_ANSWERS } from "../../engine/doubt.ts";
import type { Plan } from "../../engine/plan.ts";
import type { Runbook } from "../../runbook/model.ts";
import { type RollbackStandby, rollbackStandbys } from "../../topology/rollback-standby.ts";
import { planRollBack, rollBackRun } from "../../use-cases/continue-run.ts";
import type { PastUpgrade } from "../../use-cases/past-upgrade.ts";
import { refuseRelease } from "../../use-cases/refuse-release.ts";
import type { RunSummary } from "../../use-cases/run-runbook.ts";
import { upgradeWindow } from "../../use-cases/upgrade-window.ts";
import { agreeToGoBack } from "../confirm.ts";
import { type PartOfRequest, RunningCommand, type Work } from "../running-command.ts";
import { pastRun } from "../runs/continue-flags.ts";
import { renderPlannedRollback } from "../runs/render-undo.ts";
import type { PlannedRollback } from "../runs/results.ts";
import { told } from "../runs/told.ts";
import { shownUpgrade, upgradeAdvice } from "./advice.ts";
import { inputsOfReturn, type UpgradeFlags } from "./inputs.ts";
import { withStandby, withUnfinished, withWindow } from "./no-way-back.ts";
import { type BackupWay, inputsOfRollback } from "./rollback-inputs.ts";

/** What going back came to, or would. */
export type GoneBack = RunSummary | Plan | PlannedRollback;

/** Going back by a replica that the upgrade left on the release, as it was typed. */
interface StandbyWay {
  readonly to: string;
  readonly lose: string | undefined;
}

/** Going back without loss, as it was typed and as it is known here. */
interface Return extends UpgradeFlags {
  readonly by_standby: string | undefined;
  /** Who was left on the release, sound or not. */
  readonly left: RollbackStandby | undefined;
  /** The one that the upgrade made. */
  readonly backup: string | null | undefined;
}

/** The ways back to the release from before an upgrade that are not an upgrade themselves. */
export abstract class GoingBackCommand extends RunningCommand<GoneBack> {
  /** The run of an upgrade that came neither to its end nor back. */
  protected unfinished: string | undefined;

  /** The replica that an upgrade left on the release, sound or not; undefined where none was. Refused where one is, and writes are to be lost. */
  protected async standbyFor({ to, lose }: StandbyWay, work: Work): Promise<RollbackStandby | undefined> {
    const topology = await this.carrying({ ...work, quietly: true }, ({ session, signal }) =>
      session.live.topology(signal),
    );
    const standby = rollbackStandbys(topology).find(({ node }) => (node.version ?? to) === to);
    if (lose !== undefined && standby?.unsound.length === 0) throw needless(standby, to);
    return standby;
  }

  /** Without loss: as an upgrade, to the older release. Refused before anybody is asked, with what the backup would cost. */
  protected async straight(work: Work, flags: Return, dryRun: boolean): Promise<RunSummary | Plan> {
    const { deployment } = work;
    const inputs = inputsOfReturn(flags, deployment);
    if (dryRun) return this.plan(work, inputs);
    const refuse = this.#naming((request) => refuseStraight(request, flags));
    const what = `Bring ${deployment.name} back to ${flags.to}`;
    const summary = await this.perform(work, inputs, { effect: "disruptive", what, refuse });
    for (const line of upgradeAdvice(summary, flags.directory)) this.note(line);
    return this.finish(summary, shownUpgrade(summary));
  }

  /** Behind it, where nothing but a backup leads back. */
  protected async byBackup(way: BackupWay, runbook: Runbook, given: Work, dryRun: boolean): Promise<RunSummary | Plan> {
    const work = { ...given, runbook };
    const { deployment } = work;
    const inputs = inputsOfRollback(way, deployment);
    if (dryRun) return this.plan(work, inputs);
    const what = `Bring ${deployment.name} back to ${way.to} by backup ${inputs.backup}, and lose up to ${way.lose} of writes`;
    const wanted = { engine: way.engine ?? null, version: way.to, by_backup: true };
    const refuse = this.#naming(({ session, signal }) => refuseRelease(session, wanted, signal));
    const summary = await this.perform(work, inputs, { effect: "destructive", what, refuse });
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

  /** A refusal, with the upgrade that is to be gone on with first where that may help. */
  #naming(refuse: (request: PartOfRequest) => Promise<void>) {
    return (request: PartOfRequest) =>
      refuse(request).catch((error: unknown) => {
        throw withUnfinished(error, this.unfinished);
      });
  }
}

async function refuseStraight({ session, signal }: PartOfRequest, flags: Return): Promise<void> {
  const { engine = null, to: version, by_standby = null, left, backup } = flags;
  try {
    await refuseRelease(session, { engine, version, back: true, by_standby }, signal);
  } catch (error) {
    if (!(error instanceof RedishaError)) throw error;
    // A standby that ended itself does not tell what it runs.
    const known = ["UPGRADE_IS_DOWNGRADE", ...(left ? ["UPGRADE_NODE_SILENT"] : [])];
    if (!known.includes(error.code)) throw error;
    if (!backup) throw withStandby(error, left);
    const { deployment, live } = session;
    const window = await upgradeWindow(deployment, backup, await live.topology(signal), signal);
    throw withStandby(window ? withWindow(error, { ...flags, backup }, window) : error, left);
  }
}

function needless({ node }: RollbackStandby, to: string): RedishaError {
  return new RedishaError({
    code: "ROLLBACK_WITHOUT_LOSS",
    message: `Nothing has to be lost: ${node.id} was left on ${to} and has everything.`,
    host: node.id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`leave out --lose: redisha rollback --to ${to}`],
  });
}
