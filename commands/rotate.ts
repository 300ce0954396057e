import { boolean, string } from "@oclif/core/flags";
import { inputsOfRotate, refuseNothingToRotate } from "../src/cli/rotate/inputs.ts";
import { renderRotate } from "../src/cli/rotate/render.ts";
import { type RotateResult, rotateResult } from "../src/cli/rotate/result.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import type { Plan } from "../src/engine/plan.ts";

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
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    grace: string({
      helpValue: "TIME",
      summary: "Do not pause: take both passwords for so long, e.g. 1h, then the new one only",
      exclusive: ["now"],
    }),
    now: boolean({ summary: "Do not pause, and do not wait: no application uses the old passwords" }),
    watch: string({ helpValue: "TIME", summary: "How long to watch for refused logins at the end (default: 5s)" }),
  };

  async run(): Promise<RotateResult | Plan> {
    const { flags } = await this.parse(Rotate);
    const work = await this.prepare("rotate", flags);
    const { deployment } = work;
    refuseNothingToRotate(deployment);
    const inputs = inputsOfRotate(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Change passwords of ${deployment.name}`;
    const summary = await this.perform(work, inputs, { effect: "disruptive", what });
    const result = rotateResult(summary);
    this.print(renderRotate(summary, result, this.theme));
    this.endWith(summary.exit, summary.error);
    return result;
  }
}
