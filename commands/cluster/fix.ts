import { boolean, string } from "@oclif/core/flags";
import { inputsOfFix } from "../../src/cli/cluster/fix-inputs.ts";
import { renderFix } from "../../src/cli/cluster/fix-render.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../../src/cli/running-command.ts";
import type { Plan } from "../../src/engine/plan.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class ClusterFix extends RunningCommand<RunSummary | Plan> {
  static override summary = "Mend slots that a move left halfway, without losing what clients wrote meanwhile";
  static override description =
    "Names what every half-moved slot is halfway to before it touches one. A move whose owner still has the slot marked is brought to its end; a mark without a move comes off; keys that no client finds go to who owns their slot, over nothing that is there. No slot changes its owner while keys are left with the old one. Where two nodes hold different copies of a key neither is touched, until --keep says whose stays. The steps stand in the runbook cluster-fix.";
  static override examples = [
    { description: "What is wrong, and what it would do", command: "<%= config.bin %> cluster fix --dry-run" },
    { description: "Mend it", command: "<%= config.bin %> cluster fix" },
    {
      description: "Where both sides have a key, and the owner is right",
      command: "<%= config.bin %> cluster fix --keep owner",
    },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    keep: string({
      options: ["ask", "owner", "other"],
      helpValue: "ask|owner|other",
      summary: "Whose copy of a key stays where two nodes hold different ones (default: ask, neither is touched)",
    }),
    take: boolean({
      summary: "Give slots that belong to nobody to whoever holds their keys, else to who has fewest slots",
    }),
    "max-latency": string({
      helpValue: "TIME",
      summary: "What is moved at once may keep a server from its clients so long (default: 5ms)",
    }),
  };

  async run(): Promise<RunSummary | Plan> {
    const { flags } = await this.parse(ClusterFix);
    const work = await this.prepare("cluster-fix", flags);
    const inputs = inputsOfFix(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const summary = await this.perform(work, inputs, { effect: "change", what: `Mend ${work.deployment.name}` });
    this.print(renderFix(summary, this.theme));
    this.endWith(summary.exit, summary.error);
    return summary;
  }
}
