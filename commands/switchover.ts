import { boolean, string } from "@oclif/core/flags";
import { agreeFirst } from "../src/cli/confirm.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { renderPlan } from "../src/cli/render/plan.ts";
import { approvalFlags, RunningCommand } from "../src/cli/running-command.ts";
import { inputsOfSwitchover, METHODS } from "../src/cli/switchover/inputs.ts";
import { renderSwitchover } from "../src/cli/switchover/render.ts";
import { type SwitchoverResult, switchoverResult } from "../src/cli/switchover/result.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { compileByName, storeBeside } from "../src/use-cases/compile.ts";
import { planRunbook } from "../src/use-cases/plan-runbook.ts";
import { runRunbook } from "../src/use-cases/run-runbook.ts";

export default class Switchover extends RunningCommand<SwitchoverResult | Plan> {
  static override summary = "Move a primary to a replica, as planned, without losing an acknowledged write";
  static override description =
    "Writes stop for about half a second: the replicas catch up, one is promoted, the old primary becomes its replica before anybody can write to it again. Probe clients write all the while; every write that was acknowledged is read back. If this machine dies on the way, the hosts put back what was relaxed within half a minute. The steps stand in the runbook switchover.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> switchover --dry-run" },
    { description: "To the best replica", command: "<%= config.bin %> switchover --yes" },
    { description: "To this one", command: "<%= config.bin %> switchover --to r2" },
    { description: "Empty a host before it is maintained", command: "<%= config.bin %> switchover --from r1 --yes" },
    { description: "One shard of a cluster", command: "<%= config.bin %> switchover --shard 0-5460" },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.warnings,
    EXIT.gateRefused,
    EXIT.lockHeld,
    EXIT.cannotConnect,
    EXIT.paused,
    EXIT.outcomeUnknown,
  ];
  static override flags = {
    output: outputFlag(["table", "json", "yaml", "jsonl"]),
    to: string({ helpValue: "REPLICA", summary: "Instance, or its host, that is to be the primary" }),
    from: string({ helpValue: "HOST", summary: "Move every primary away from this host or instance" }),
    shard: string({ helpValue: "SLOTS", summary: "Shard of a cluster, by id as status shows it" }),
    "max-lag": string({ helpValue: "BYTES", summary: "A replica further behind is not switched to (default: 1mb)" }),
    degraded: boolean({ summary: "Go on although an instance does not answer" }),
    method: string({
      options: [...METHODS],
      helpValue: METHODS.join("|"),
      summary: "fence: stop the writes from here, also where the servers could do it themselves",
    }),
    measure: boolean({ allowNo: true, default: true, summary: "Write all the while, and read every write back" }),
    "dry-run": boolean({ char: "n", summary: "Print the plan and change nothing" }),
    ...approvalFlags,
  };

  async run(): Promise<SwitchoverResult | Plan> {
    const { flags } = await this.parse(Switchover);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const { runbook } = await compileByName("switchover", storeBeside(deployment.file));
    const inputs = inputsOfSwitchover(flags);
    const work = { deployment, runbook, flags, quietly: flags["dry-run"], look: "look first: --dry-run" };
    if (flags["dry-run"]) {
      const plan = await this.carrying(work, (request) => planRunbook({ ...request, inputs }));
      this.print(renderPlan(plan, { theme: this.theme, width: this.width }));
      if (plan.stops_at !== undefined) this.endWith(EXIT.gateRefused);
      return plan;
    }
    const summary = await this.carrying(work, async (request, asking) => {
      const approvals = await agreeFirst("disruptive", `Switch ${deployment.name} over`, asking);
      return runRunbook({ ...request, inputs, approvals });
    });
    const result = switchoverResult(summary);
    this.print(renderSwitchover(summary, result, this.theme));
    this.endWith(summary.exit, summary.error);
    return result;
  }
}
