import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { agreeFirst } from "../src/cli/confirm.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { inputFlag, parseInputs } from "../src/cli/input-flag.ts";
import { approvalFlags, RUN_EXITS, RunningCommand } from "../src/cli/running-command.ts";
import { RedishaError } from "../src/core/errors.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { stepsOf } from "../src/engine/steps-of.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { worstEffect } from "../src/runbook/effect.ts";
import { compileByName, storeBeside } from "../src/use-cases/compile.ts";
import { openSealedPlan, planRunbook, runSealedPlan } from "../src/use-cases/plan-runbook.ts";
import { type RunSummary, runRunbook } from "../src/use-cases/run-runbook.ts";
import type { SealedPlan } from "../src/use-cases/sealed-plan.ts";

export default class Run extends RunningCommand<RunSummary | Plan> {
  static override summary = "Run a runbook: one of your own, or one that is shipped";
  static override description =
    "The first Ctrl-C finishes the current step and stops there; the second stops at once. --dry-run runs the steps that only read, and prints the exact commands of the others.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> run my-procedure.yaml --dry-run" },
    { description: "Do it", command: "<%= config.bin %> run my-procedure.yaml --input keys=1000" },
    {
      description: "Have the plan looked at by somebody, and run just that",
      command:
        "<%= config.bin %> run my-procedure.yaml --dry-run --plan-out plan.json\n<%= config.bin %> run --plan plan.json",
    },
    { description: "A shipped one, for a machine", command: "<%= config.bin %> run canary -o jsonl" },
  ];
  static override exitCodes = [...RUN_EXITS, EXIT.verificationFailed];
  static override args = { runbook: stringArg({ description: "A name, or the path of a file; not with --plan" }) };
  static override flags = {
    output: outputFlag(["table", "json", "yaml", "jsonl"]),
    input: inputFlag,
    "dry-run": boolean({ char: "n", summary: "Print the plan and change nothing" }),
    "plan-out": string({
      helpValue: "FILE",
      dependsOn: ["dry-run"],
      summary: "Seal the plan in a file, to be run as it is with --plan",
    }),
    plan: string({
      helpValue: "FILE",
      exclusive: ["dry-run", "input"],
      summary: "Run a sealed plan; refused where what it rests on has moved since",
    }),
    ...approvalFlags,
  };

  async run(): Promise<RunSummary | Plan> {
    const { args, flags } = await this.parse(Run);
    const sealed = flags.plan === undefined ? undefined : await openSealedPlan(flags.plan);
    const name = nameOf(args.runbook, sealed);
    const choice = { ...flags, deployment: flags.deployment ?? sealed?.plan.deployment };
    const { deployment, warnings } = await findDeployment(this.choice(choice));
    this.warnOf(warnings);
    const { runbook } = await compileByName(name, storeBeside(deployment.file));
    const inputs = parseInputs(flags.input);
    const work = { deployment, runbook, flags, quietly: flags["dry-run"], look: "look first: --dry-run" };
    if (flags["dry-run"]) {
      const sealTo = flags["plan-out"];
      const plan = await this.carrying(work, (request) => planRunbook({ ...request, inputs }, { sealTo }));
      this.showPlan(plan);
      if (sealTo !== undefined) this.note(`sealed in ${sealTo}; run it: redisha run --plan ${sealTo}`);
      return plan;
    }
    const summary = await this.carrying(work, async (request, asking) => {
      const effect = worstEffect(stepsOf(runbook).map((step) => step.effect));
      const approvals = await agreeFirst(effect, `Run ${runbook.name} on ${deployment.name}`, asking);
      if (sealed) return runSealedPlan({ ...request, approvals }, sealed);
      return runRunbook({ ...request, inputs, approvals });
    });
    return this.finish(summary);
  }
}

/** The runbook meant: by its name, or the one that a sealed plan was made of. */
function nameOf(name: string | undefined, sealed: SealedPlan | undefined): string {
  if (name !== undefined && sealed === undefined) return name;
  if (name === undefined && sealed) return sealed.ref;
  throw new RedishaError({
    code: "USAGE",
    message: sealed ? "A sealed plan names its runbook; leave the name out." : "Which runbook is to be run?",
    exit: EXIT.usage,
    state: "nothing was touched",
    next: sealed ? ["redisha run --plan FILE"] : ["redisha run --help", "redisha runbook list"],
  });
}
