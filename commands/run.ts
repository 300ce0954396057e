import { string as stringArg } from "@oclif/core/args";
import { boolean } from "@oclif/core/flags";
import { agreeFirst } from "../src/cli/confirm.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { inputFlag, parseInputs } from "../src/cli/input-flag.ts";
import { renderPlan } from "../src/cli/render/plan.ts";
import { approvalFlags, RunningCommand } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { stepsOf } from "../src/engine/steps-of.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { worstEffect } from "../src/runbook/effect.ts";
import { compileByName, storeBeside } from "../src/use-cases/compile.ts";
import { planRunbook } from "../src/use-cases/plan-runbook.ts";
import { type RunSummary, runRunbook } from "../src/use-cases/run-runbook.ts";

export default class Run extends RunningCommand<RunSummary | Plan> {
  static override summary = "Run a runbook: one of your own, or one that is shipped";
  static override description =
    "The first Ctrl-C finishes the current step and stops there; the second stops at once. --dry-run runs the steps that only read, and prints the exact commands of the others.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> run my-procedure.yaml --dry-run" },
    { description: "Do it", command: "<%= config.bin %> run my-procedure.yaml --input keys=1000" },
    { description: "A shipped one, for a machine", command: "<%= config.bin %> run canary -o jsonl" },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.warnings,
    EXIT.gateRefused,
    EXIT.cannotConnect,
    EXIT.paused,
    EXIT.outcomeUnknown,
    EXIT.verificationFailed,
  ];
  static override args = { runbook: stringArg({ required: true, description: "A name, or the path of a file" }) };
  static override flags = {
    output: outputFlag(["table", "json", "yaml", "jsonl"]),
    input: inputFlag,
    "dry-run": boolean({ char: "n", summary: "Print the plan and change nothing" }),
    ...approvalFlags,
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(Run);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const { runbook } = await compileByName(args.runbook, storeBeside(deployment.file));
    const inputs = parseInputs(flags.input);
    const work = { deployment, runbook, flags, quietly: flags["dry-run"], look: "look first: --dry-run" };
    if (flags["dry-run"]) {
      const plan = await this.carrying(work, (request) => planRunbook({ ...request, inputs }));
      this.print(renderPlan(plan, { theme: this.theme, width: this.width }));
      return plan;
    }
    const summary = await this.carrying(work, async (request, asking) => {
      const effect = worstEffect(stepsOf(runbook).map((step) => step.effect));
      const approvals = await agreeFirst(effect, `Run ${runbook.name} on ${deployment.name}`, asking);
      return runRunbook({ ...request, inputs, approvals });
    });
    return this.finish(summary);
  }
}
