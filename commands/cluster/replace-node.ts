import { string as stringArg } from "@oclif/core/args";
import { string } from "@oclif/core/flags";
import { declaredNode } from "../../src/cli/cluster/declared-node.ts";
import { graceFlag } from "../../src/cli/cluster/grace-flag.ts";
import { membershipExit, renderMembership } from "../../src/cli/cluster/membership-render.ts";
import { givenInputs } from "../../src/cli/given-inputs.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../../src/cli/running-command.ts";
import type { Plan } from "../../src/engine/plan.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class ClusterReplaceNode extends RunningCommand<RunSummary | Plan> {
  static override summary = "Put an empty server in the place of a node of a cluster, dead or alive";
  static override description =
    "The new one becomes a replica of the same shard and takes everything over; where the old one is the primary it hands over to the new one, without losing a write; then the old one is taken out. A dead one is forgotten, and the new one goes where a replica is missing. No slot is moved. The steps stand in the runbook cluster-replace-node.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> cluster replace-node r4:6379 r9:6379 --dry-run" },
    { description: "A machine that is to go", command: "<%= config.bin %> cluster replace-node r4:6379 r9:6379" },
  ];
  static override exitCodes = RUN_EXITS;
  static override args = {
    old: stringArg({ required: true, description: "The node that goes: HOST:PORT, its host, or its node id" }),
    new: stringArg({ required: true, description: "The one that comes: HOST:PORT, as redisha.yaml lists it" }),
  };
  static override flags = {
    ...runFlags,
    wait: string({
      helpValue: "TIME",
      summary: "Of a dead one: wait for nodes that are away, and would bring it back",
    }),
    grace: graceFlag,
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(ClusterReplaceNode);
    const work = await this.prepare("cluster-replace-node", flags);
    const inputs = givenInputs({
      old: args.old,
      new: declaredNode(args.new, work.deployment),
      wait: flags.wait,
      grace: flags.grace,
    });
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Put ${args.new} in the place of ${args.old} in ${work.deployment.name}`;
    const summary = await this.perform(work, inputs, { effect: "disruptive", what });
    this.print(renderMembership(summary, this.theme));
    this.endWith(membershipExit(summary), summary.error);
    return summary;
  }
}
