import { boolean, integer } from "@oclif/core/flags";
import { graceFlag } from "../../src/cli/cluster/grace-flag.ts";
import { inputsOfScale } from "../../src/cli/cluster/membership-inputs.ts";
import { renderMembership } from "../../src/cli/cluster/membership-render.ts";
import { movingFlags } from "../../src/cli/reshard/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../../src/cli/running-command.ts";
import type { Plan } from "../../src/engine/plan.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class ClusterScale extends RunningCommand<RunSummary | Plan> {
  static override summary = "Give a cluster more primaries or fewer, with as few moves as that takes";
  static override description =
    "Servers that redisha.yaml lists, that are empty and belong to nobody become primaries and their replicas, on as many hosts and zones as there are, and get their share of the slots. With fewer primaries those with the fewest slots hand them over and go, and their replicas with them. While clients go on; to be resumed and taken back. The steps stand in the runbook cluster-scale.";
  static override examples = [
    {
      description: "Who would come, and what would move",
      command: "<%= config.bin %> cluster scale --primaries 5 --dry-run",
    },
    { description: "Do it", command: "<%= config.bin %> cluster scale --primaries 5" },
    { description: "And back", command: "<%= config.bin %> cluster scale --primaries 3" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    primaries: integer({ required: true, min: 3, helpValue: "N", summary: "How many primaries are to serve slots" }),
    bare: boolean({ summary: "Although new primaries get fewer replicas than redisha.yaml declares" }),
    grace: graceFlag,
    ...movingFlags,
  };

  async run(): Promise<RunSummary | Plan> {
    const { flags } = await this.parse(ClusterScale);
    const work = await this.prepare("cluster-scale", flags);
    const inputs = inputsOfScale(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Give ${work.deployment.name} ${flags.primaries} primaries`;
    const summary = await this.perform(work, inputs, { effect: "change", what });
    this.print(renderMembership(summary, this.theme));
    this.endWith(summary.exit, summary.error);
    return summary;
  }
}
