import { boolean, option, string } from "@oclif/core/flags";
import {
  inputsOfCertificates,
  inputsOfRotate,
  meaningOf,
  ROTATIONS,
  refuseNoTls,
  refuseNothingToRotate,
} from "../src/cli/rotate/inputs.ts";
import { renderRotate } from "../src/cli/rotate/render.ts";
import { type RotateResult, rotateResult } from "../src/cli/rotate/result.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import type { Plan } from "../src/engine/plan.ts";

export default class Rotate extends RunningCommand<RotateResult | Plan> {
  static override summary = "Change passwords or certificates while everything runs, without refusing anybody";
  static override description =
    "Changes every password that has a previous_password beside it in redisha.yaml. Servers and Sentinels first take both, then use the new one among themselves; the run pauses there until applications use it too; then the old one is taken away. Each step is written into the servers' files before the next. With --only certificates every server gets a new certificate and uses it without a restart; Sentinels are restarted one after the other. The steps stand in the runbooks rotate and rotate-certificates.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> rotate --dry-run" },
    { description: "Up to where both passwords are taken", command: "<%= config.bin %> rotate --yes" },
    { description: "Then, with all applications changed over", command: "<%= config.bin %> runs resume last" },
    { description: "In one go, an hour for applications", command: "<%= config.bin %> rotate --grace 1h --yes" },
    { description: "Where no application uses these passwords", command: "<%= config.bin %> rotate --now --yes" },
    { description: "New certificates", command: "<%= config.bin %> rotate --only certificates --yes" },
    {
      description: "And a new authority, which clients have a day to trust",
      command: "<%= config.bin %> rotate --only certificates --new-authority --grace 1d --yes",
    },
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
    only: option({
      options: ["passwords", "certificates"] as const,
      default: "passwords",
      summary: "What to change",
    })(),
    "new-authority": boolean({ summary: "With certificates: take a new authority, too; both are trusted meanwhile" }),
    watch: string({ helpValue: "TIME", summary: "How long to watch for refused logins at the end (default: 5s)" }),
  };

  async run(): Promise<RotateResult | Plan> {
    const { flags } = await this.parse(Rotate);
    const certificates = flags.only === "certificates";
    const work = await this.prepare(ROTATIONS[flags.only], flags);
    const { deployment } = work;
    if (certificates) refuseNoTls(deployment);
    else refuseNothingToRotate(deployment);
    const inputs = certificates ? inputsOfCertificates(flags) : inputsOfRotate(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Change ${flags.only} of ${deployment.name}`;
    const summary = await this.perform(work, inputs, { effect: "disruptive", what, meaning: meaningOf(flags) });
    const result = rotateResult(summary);
    this.print(renderRotate(summary, result, this.theme));
    this.endWith(summary.exit, summary.error);
    return result;
  }
}
