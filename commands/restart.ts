import { boolean, string } from "@oclif/core/flags";
import { durationFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { inputsOfRestart } from "../src/cli/upgrade/inputs.ts";
import type { Plan } from "../src/engine/plan.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Restart extends RunningCommand<RunSummary | Plan> {
  static override summary = "Restart servers one by one, without losing an acknowledged write";
  static override description =
    "For what only a restart brings about: a directive that a running server does not change, a library or a kernel that was replaced. The replicas go first, one by one; each primary goes behind a lossless switchover, as a replica; then the Sentinels. What stands in a configuration file and is not gone by yet is kept through the switchover, which would write the file anew, and told by --dry-run. The steps stand in the runbook restart.";
  static override examples = [
    {
      description: "What it would do, and what each server would take up",
      command: "<%= config.bin %> restart --dry-run",
    },
    { description: "All of them", command: "<%= config.bin %> restart --yes" },
    { description: "What is on one host", command: "<%= config.bin %> restart --on r2 --yes" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    on: string({ multiple: true, helpValue: "HOST", summary: "Only these hosts or instances" }),
    sentinels: boolean({ allowNo: true, default: true, summary: "Restart the Sentinels, too" }),
    soak: durationFlag({ summary: "How long to wait between two servers (default: 10s)" }),
  };

  async run(): Promise<RunSummary | Plan> {
    const { flags } = await this.parse(Restart);
    const work = await this.prepare("restart", flags);
    const inputs = inputsOfRestart(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const which = flags.on === undefined ? "every server" : flags.on.join(", ");
    const what = `Restart ${which} of ${work.deployment.name}, one by one`;
    return this.finish(await this.perform(work, inputs, { effect: "disruptive", what }));
  }
}
