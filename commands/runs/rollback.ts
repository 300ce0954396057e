import { boolean } from "@oclif/core/flags";
import { agreeToGoBack } from "../../src/cli/confirm.ts";
import { RunningCommand } from "../../src/cli/running-command.ts";
import { continueFlags, pastRun } from "../../src/cli/runs/continue-flags.ts";
import { renderPlannedRollback } from "../../src/cli/runs/render-undo.ts";
import type { PlannedRollback } from "../../src/cli/runs/results.ts";
import { runArgument } from "../../src/cli/runs/run-argument.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { planRollBack, rollBackRun } from "../../src/use-cases/continue-run.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class RunsRollback extends RunningCommand<RunSummary | PlannedRollback> {
  static override summary = "Take back what a run changed, the last change first";
  static override description =
    "Refused behind the run's point of no return. One op is taken back after the other; the first that cannot be pauses, and says what is left. The first Ctrl-C stops after the current one.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> runs rollback last --dry-run" },
    { description: "Do it", command: "<%= config.bin %> runs rollback last" },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.gateRefused,
    EXIT.lockHeld,
    EXIT.cannotConnect,
    EXIT.paused,
    EXIT.verificationFailed,
  ];
  static override args = { run: runArgument };
  static override flags = {
    ...continueFlags,
    "dry-run": boolean({ char: "n", summary: "Print what would be taken back, in order, and change nothing" }),
  };

  async run(): Promise<RunSummary | PlannedRollback> {
    const { args, flags } = await this.parse(RunsRollback);
    const { past, deployment, warnings, runbook } = await pastRun(args.run, this.choice(flags));
    this.warnOf(warnings);
    const { run } = past.record;
    const look = `look first: redisha runs rollback ${run} --dry-run`;
    const work = { deployment, runbook, flags, quietly: flags["dry-run"], look };
    const answers = { done: flags.done ?? [], redo: flags.redo ?? [] };
    const going = { past, answers, acceptChanged: flags["accept-changed"] };
    if (flags["dry-run"]) {
      const ops = await this.carrying(work, (request) => planRollBack({ ...request, ...going }));
      this.print(renderPlannedRollback({ run, ops }, this.theme));
      return { run, ops };
    }
    const summary = await this.carrying(work, async (request, asking) => {
      const ops = await planRollBack({ ...request, ...going });
      this.note(renderPlannedRollback({ run, ops }, this.noteTheme));
      const approvals = await agreeToGoBack(past, asking);
      return rollBackRun({ ...request, ...going, approvals });
    });
    return this.finish(summary);
  }
}
