import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { graceFlag } from "../../src/cli/cluster/grace-flag.ts";
import { inputsOfRemove } from "../../src/cli/cluster/membership-inputs.ts";
import { membershipExit, renderMembership } from "../../src/cli/cluster/membership-render.ts";
import { movingFlags } from "../../src/cli/reshard/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../../src/cli/running-command.ts";
import type { Plan } from "../../src/engine/plan.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class ClusterRemoveNode extends RunningCommand<RunSummary | Plan> {
  static override summary = "Take a node out of a cluster, dead or alive: its slots and replicas go elsewhere first";
  static override description =
    "A primary hands its slots to the others while clients go on, and its replicas get new primaries. Where a replica goes, one that another primary can spare takes its place; else the command refuses, unless with --bare. Then every node forgets it within the minute in which none can be talked into it again, and it is reset, never over keys. A dead node is forgotten; members that are away are told with redisha cluster forget, or waited for. The steps stand in the runbook cluster-remove-node.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> cluster remove-node r4:6379 --dry-run" },
    { description: "A primary, or a replica", command: "<%= config.bin %> cluster remove-node r4:6379" },
    {
      description: "A dead one; nodes that are away are waited for",
      command: "<%= config.bin %> cluster remove-node r4:6379 --wait 10m",
    },
  ];
  static override exitCodes = RUN_EXITS;
  static override args = { node: stringArg({ required: true, description: "HOST:PORT, its host, or its node id" }) };
  static override flags = {
    ...runFlags,
    bare: boolean({ summary: "Although a primary is left without a replica" }),
    wait: string({
      helpValue: "TIME",
      summary: "Of a dead one: wait for nodes that are away, and would bring it back",
    }),
    grace: graceFlag,
    ...movingFlags,
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(ClusterRemoveNode);
    const work = await this.prepare("cluster-remove-node", flags);
    const inputs = inputsOfRemove(args.node, flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Take ${args.node} out of ${work.deployment.name}`;
    const summary = await this.perform(work, inputs, { effect: "change", what });
    this.print(renderMembership(summary, this.theme));
    this.endWith(membershipExit(summary), summary.error);
    return summary;
  }
}
