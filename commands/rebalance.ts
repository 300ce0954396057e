import { boolean, string } from "@oclif/core/flags";
import { movingFlags } from "../src/cli/reshard/flags.ts";
import { inputsOfRebalance } from "../src/cli/reshard/inputs.ts";
import { renderReshard } from "../src/cli/reshard/render.ts";
import { type ReshardResult, reshardResult } from "../src/cli/reshard/result.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import type { Plan } from "../src/engine/plan.ts";

export default class Rebalance extends RunningCommand<ReshardResult | Plan> {
  static override summary = "Give every primary of a cluster its share of the slots, with as few moves as that takes";
  static override description =
    "Slots move as redisha reshard moves them: while clients go on, to be resumed and taken back. Who has no weight counts as 1; a primary of weight 0 is emptied, one that owns nothing takes part with --use-empty or a weight. The steps stand in the runbook rebalance.";
  static override examples = [
    { description: "What it would move", command: "<%= config.bin %> rebalance --dry-run" },
    { description: "Let new primaries have their share", command: "<%= config.bin %> rebalance --use-empty" },
    { description: "Twice as much for the larger machine", command: "<%= config.bin %> rebalance --weight r1=2" },
    { description: "Empty one", command: "<%= config.bin %> rebalance --weight r3:6379=0" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    weight: string({
      multiple: true,
      helpValue: "PRIMARY=WEIGHT",
      summary: "Share of an instance or host; may be repeated",
    }),
    "use-empty": boolean({ summary: "Primaries that own nothing get their share, too" }),
    threshold: string({ helpValue: "PERCENT", summary: "So far off its share nobody's slots are moved (default: 2)" }),
    ...movingFlags,
  };

  async run(): Promise<ReshardResult | Plan> {
    const { flags } = await this.parse(Rebalance);
    const work = await this.prepare("rebalance", flags);
    const inputs = inputsOfRebalance(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const summary = await this.perform(work, inputs, { effect: "change", what: `Rebalance ${work.deployment.name}` });
    const result = reshardResult(summary);
    this.print(renderReshard(summary, result, this.theme));
    this.endWith(summary.exit, summary.error);
    return result;
  }
}
