import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { declaredNode } from "../../src/cli/cluster/declared-node.ts";
import { inputsOfAdd } from "../../src/cli/cluster/membership-inputs.ts";
import { renderMembership } from "../../src/cli/cluster/membership-render.ts";
import { movingFlags } from "../../src/cli/reshard/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../../src/cli/running-command.ts";
import type { Plan } from "../../src/engine/plan.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class ClusterAddNode extends RunningCommand<RunSummary | Plan> {
  static override summary = "Take an empty server into a cluster, as a replica or as a primary with its share of slots";
  static override description =
    "List it in redisha.yaml first. It must be empty, belong to nobody, be of the cluster's version, and have its users and settings; its bus port is tried from the other hosts. Without flags it becomes a replica where one is needed most, on another host and in another zone than other copies of that data. Slots move as redisha reshard moves them. redisha runs resume goes on, redisha runs rollback moves slots back and takes it out again. The steps stand in the runbook cluster-add-node.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> cluster add-node r7:6379 --dry-run" },
    { description: "A replica, where one is needed most", command: "<%= config.bin %> cluster add-node r7:6379" },
    { description: "A replica of that shard", command: "<%= config.bin %> cluster add-node r7:6379 --replica-of r1" },
    { description: "A primary with its share", command: "<%= config.bin %> cluster add-node r7:6379 --primary" },
    {
      description: "A primary that gets slots later",
      command: "<%= config.bin %> cluster add-node r7:6379 --primary --slots 0",
    },
  ];
  static override exitCodes = RUN_EXITS;
  static override args = { node: stringArg({ required: true, description: "HOST:PORT, as redisha.yaml lists it" }) };
  static override flags = {
    ...runFlags,
    "replica-of": string({
      exclusive: ["primary"],
      helpValue: "NODE",
      summary: "Whose replica it is to be: any node of that shard",
    }),
    primary: boolean({ summary: "It is to be a primary" }),
    slots: string({
      dependsOn: ["primary"],
      exclusive: ["weight"],
      helpValue: "N|LIST",
      summary: "How many slots it gets, or which (default: its share)",
    }),
    weight: string({
      dependsOn: ["primary"],
      helpValue: "WEIGHT",
      summary: "Its share, where every other primary counts as 1",
    }),
    "same-host": boolean({ summary: "Although another copy of its data is on its host" }),
    ...movingFlags,
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(ClusterAddNode);
    const work = await this.prepare("cluster-add-node", flags);
    const node = declaredNode(args.node, work.deployment);
    const inputs = inputsOfAdd(node, flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const summary = await this.perform(work, inputs, {
      effect: "change",
      what: `Take ${node} into ${work.deployment.name}`,
    });
    this.print(renderMembership(summary, this.theme));
    this.endWith(summary.exit, summary.error);
    return summary;
  }
}
