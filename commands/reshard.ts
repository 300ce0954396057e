import { string } from "@oclif/core/flags";
import { movingFlags } from "../src/cli/reshard/flags.ts";
import { inputsOfReshard } from "../src/cli/reshard/inputs.ts";
import { renderReshard } from "../src/cli/reshard/render.ts";
import { type ReshardResult, reshardResult } from "../src/cli/reshard/result.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import type { Plan } from "../src/engine/plan.ts";

export default class Reshard extends RunningCommand<ReshardResult | Plan> {
  static override summary = "Move slots of a cluster from some primaries to others, while clients go on";
  static override description =
    "Every source hands its slots over at the same time, as many keys at once as its clients do not notice. Kill it at any moment: redisha runs resume asks every slot how far it came and goes on from there, redisha runs rollback moves everything back. Ctrl-C stops it with no slot half moved. The steps stand in the runbook reshard.";
  static override examples = [
    {
      description: "What it would move: slots, keys, bytes, large keys",
      command: "<%= config.bin %> reshard --to r3 --slots 4096 --dry-run",
    },
    {
      description: "A quarter of all slots, from everybody, to this one",
      command: "<%= config.bin %> reshard --from all --to r4:6379 --slots 4096",
    },
    { description: "These very slots", command: "<%= config.bin %> reshard --to r3:6379 --slots 0-100,200" },
    {
      description: "Gently",
      command: "<%= config.bin %> reshard --from r1 --to r2 --slots 1000 --max-latency 2ms",
    },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    from: string({ helpValue: "PRIMARY,…", summary: "Instances, or their hosts, that give slots (default: all)" }),
    to: string({ required: true, helpValue: "PRIMARY,…", summary: "Instances, or their hosts, that get them" }),
    slots: string({ required: true, helpValue: "N|LIST", summary: "How many, or which: 4096, 0-100,200, 7-7 for one" }),
    ...movingFlags,
  };

  async run(): Promise<ReshardResult | Plan> {
    const { flags } = await this.parse(Reshard);
    const work = await this.prepare("reshard", flags);
    const inputs = inputsOfReshard(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const summary = await this.perform(work, inputs, { effect: "change", what: `Reshard ${work.deployment.name}` });
    const result = reshardResult(summary);
    this.print(renderReshard(summary, result, this.theme));
    this.endWith(summary.exit, summary.error);
    return result;
  }
}
