import { boolean, string } from "@oclif/core/flags";
import { agreeFirst } from "../src/cli/confirm.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { renderPlan } from "../src/cli/render/plan.ts";
import { inputsOfRotate, refuseNothingToRotate } from "../src/cli/rotate/inputs.ts";
import { renderRotate } from "../src/cli/rotate/render.ts";
import { type RotateResult, rotateResult } from "../src/cli/rotate/result.ts";
import { approvalFlags, RunningCommand } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { compileByName, storeBeside } from "../src/use-cases/compile.ts";
import { planRunbook } from "../src/use-cases/plan-runbook.ts";
import { runRunbook } from "../src/use-cases/run-runbook.ts";

export default class Rotate extends RunningCommand<RotateResult | Plan> {
  static override summary = "Change passwords while everything runs, without refusing anybody";
  static override description =
    "Changes every password that has a previous_password beside it in redisha.yaml. Servers and Sentinels first take both, then use the new one among themselves; the run pauses there until applications use it too; then the old one is taken away. Each step is written into the servers' files before the next. The steps stand in the runbook rotate.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> rotate --dry-run" },
    { description: "Up to where both passwords are taken", command: "<%= config.bin %> rotate --yes" },
    { description: "Then, with all applications changed over", command: "<%= config.bin %> runs resume last" },
    { description: "In one go, an hour for applications", command: "<%= config.bin %> rotate --grace 1h --yes" },
    { description: "Where no application uses these passwords", command: "<%= config.bin %> rotate --now --yes" },
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
    grace: string({
      helpValue: "TIME",
      summary: "Do not pause: take both passwords for so long, e.g. 1h, then the new one only",
      exclusive: ["now"],
    }),
    now: boolean({ summary: "Do not pause, and do not wait: no application uses the old passwords" }),
    watch: string({ helpValue: "TIME", summary: "How long to watch for refused logins at the end (default: 5s)" }),
    "dry-run": boolean({ char: "n", summary: "Print the plan and change nothing" }),
    ...approvalFlags,
  };

  async run(): Promise<RotateResult | Plan> {
    const { flags } = await this.parse(Rotate);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    refuseNothingToRotate(deployment);
    const { runbook } = await compileByName("rotate", storeBeside(deployment.file));
    const inputs = inputsOfRotate(flags);
    const work = { deployment, runbook, flags, quietly: flags["dry-run"], look: "look first: --dry-run" };
    if (flags["dry-run"]) {
      const plan = await this.carrying(work, (request) => planRunbook({ ...request, inputs }));
      this.print(renderPlan(plan, { theme: this.theme, width: this.width }));
      if (plan.stops_at !== undefined) this.endWith(EXIT.gateRefused);
      return plan;
    }
    const summary = await this.carrying(work, async (request, asking) => {
      const approvals = await agreeFirst("disruptive", `Change passwords of ${deployment.name}`, asking);
      return runRunbook({ ...request, inputs, approvals });
    });
    const result = rotateResult(summary);
    this.print(renderRotate(summary, result, this.theme));
    this.endWith(summary.exit, summary.error);
    return result;
  }
}
