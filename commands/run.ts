import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { BaseCommand } from "../src/cli/base-command.ts";
import { confirm } from "../src/cli/confirm.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { inputFlag, parseInputs } from "../src/cli/input-flag.ts";
import { catchInterrupts } from "../src/cli/interrupts.ts";
import { pauseRemark } from "../src/cli/render/pause-remark.ts";
import { renderPlan } from "../src/cli/render/plan.ts";
import { renderSummary } from "../src/cli/render/summary.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { stepsOf } from "../src/engine/unsupported.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { worstEffect } from "../src/runbook/effect.ts";
import { compileByName, storeBeside } from "../src/use-cases/compile.ts";
import { planRunbook } from "../src/use-cases/plan-runbook.ts";
import { type RunSummary, runRunbook } from "../src/use-cases/run-runbook.ts";
import { openSession } from "../src/use-cases/session.ts";

export default class Run extends BaseCommand<RunSummary | Plan> {
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
    yes: boolean({ char: "y", summary: "Agree to what disrupts clients for a while" }),
    confirm: string({ helpValue: "DEPLOYMENT", summary: "Agree to what destroys data, by the deployment's name" }),
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(Run);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const { runbook } = await compileByName(args.runbook, storeBeside(deployment.file));
    const inputs = parseInputs(flags.input);
    const interrupts = catchInterrupts(() => renderer.sink(pauseRemark()));
    const renderer = await this.subscribe({ quietly: flags["dry-run"] });
    const session = openSession(deployment, interrupts.stop);
    const { pause, stop: signal } = interrupts;
    const request = { runbook, session, inputs, sink: renderer.sink, pause, signal, env: process.env };
    try {
      if (flags["dry-run"]) {
        const plan = await planRunbook(request);
        this.print(renderPlan(plan, { theme: this.theme, width: this.width }));
        return plan;
      }
      await confirm({
        effect: worstEffect(stepsOf(runbook).map((step) => step.effect)),
        deployment: deployment.name,
        what: `Run ${runbook.name} on ${deployment.name}`,
        yes: flags.yes,
        confirm: flags.confirm,
        streams: this.invocation.streams,
      });
      const summary = await runRunbook(request).finally(() => renderer.done());
      this.print(renderSummary(summary, this.theme));
      this.endWith(summary.exit, summary.error);
      return summary;
    } finally {
      interrupts.release();
      await session.close();
    }
  }
}
