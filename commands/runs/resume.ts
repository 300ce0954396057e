import { agreeFirst } from "../../src/cli/confirm.ts";
import { RUN_EXITS, RunningCommand } from "../../src/cli/running-command.ts";
import { continueFlags, pastRun } from "../../src/cli/runs/continue-flags.ts";
import { runArgument } from "../../src/cli/runs/run-argument.ts";
import { told } from "../../src/cli/runs/told.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { stepsOf } from "../../src/engine/steps-of.ts";
import { worstEffect } from "../../src/runbook/effect.ts";
import { refuseToResume, resumeRun } from "../../src/use-cases/continue-run.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class RunsResume extends RunningCommand<RunSummary> {
  static override summary = "Go on with a run that paused, failed or was killed";
  static override description =
    "What is done is not done again; what only reads is. An op that was started and has no outcome is settled first: by its probe, or by your --done or --redo.";
  static override examples = [
    "<%= config.bin %> runs resume last",
    { description: "An op in doubt took effect", command: "<%= config.bin %> runs resume last --done restart@r2:6379" },
  ];
  static override exitCodes = [...RUN_EXITS, EXIT.verificationFailed];
  static override args = { run: runArgument };
  static override flags = continueFlags;

  async run(): Promise<RunSummary> {
    const { args, flags } = await this.parse(RunsResume);
    const { past, deployment, warnings, runbook } = await pastRun(args.run, this.choice(flags));
    this.warnOf(warnings);
    const { run } = past.record;
    const work = { deployment, runbook, flags, quietly: false, look: `look first: redisha runs show ${run}` };
    const summary = await this.carrying(work, async (request, asking) => {
      const answers = { done: flags.done ?? [], redo: flags.redo ?? [] };
      const going = { ...request, past, answers, acceptChanged: flags["accept-changed"] };
      await refuseToResume(going);
      const effect = worstEffect(stepsOf(runbook).map((step) => step.effect));
      const approvals = await agreeFirst(
        effect,
        `Go on with run ${run} of ${runbook.name} on ${deployment.name}`,
        asking,
      );
      return resumeRun({ ...going, approvals });
    });
    const { summary: ended, shown, advice } = told(summary);
    for (const line of advice) this.note(line);
    return this.finish(ended, shown);
  }
}
