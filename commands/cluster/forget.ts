import { string as stringArg } from "@oclif/core/args";
import { string } from "@oclif/core/flags";
import { membershipExit, renderMembership } from "../../src/cli/cluster/membership-render.ts";
import { givenInputs } from "../../src/cli/given-inputs.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../../src/cli/running-command.ts";
import type { Plan } from "../../src/engine/plan.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class ClusterForget extends RunningCommand<RunSummary | Plan> {
  static override summary = "Have every node of a cluster forget one that is gone";
  static override description =
    "All are told at once, replicas too, and looked at until nobody knows it: who is left out talks the others into it again a minute later. Members that are away are named, exit 3, or waited for with --wait. A node that answers, owns slots or is followed is refused. The steps stand in the runbook cluster-forget.";
  static override examples = [
    {
      description: "By the id that CLUSTER NODES shows",
      command: "<%= config.bin %> cluster forget 2f671e767814cab52ab28044d8b2bf2b24de63b7",
    },
    { description: "With one that comes back later", command: "<%= config.bin %> cluster forget r8:6379 --wait 10m" },
  ];
  static override exitCodes = RUN_EXITS;
  static override args = { node: stringArg({ required: true, description: "Node id, or HOST:PORT" }) };
  static override flags = {
    ...runFlags,
    wait: string({ helpValue: "TIME", summary: "Wait for nodes that are away, and would bring it back" }),
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(ClusterForget);
    const work = await this.prepare("cluster-forget", flags);
    const inputs = givenInputs({ node: args.node, wait: flags.wait });
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Have all of ${work.deployment.name} forget ${args.node}`;
    const summary = await this.perform(work, inputs, { effect: "change", what });
    this.print(renderMembership(summary, this.theme));
    this.endWith(membershipExit(summary), summary.error);
    return summary;
  }
}
