import { doctorArgs, doctorFlags, inputsOf } from "../src/cli/doctor/flags.ts";
import { renderDoctor, renderDoctorList } from "../src/cli/doctor/render.ts";
import { type DoctorList, doctorList, exitOf, reportIn } from "../src/cli/doctor/result.ts";
import { RunningCommand } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { DoctorReport } from "../src/doctor/report.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Doctor extends RunningCommand<DoctorReport | DoctorList | RunSummary> {
  static override summary = "Find out why something is wrong: from a symptom to its cause, and to what mends it";
  static override description =
    "Looks at both ends of everything: replica and primary, Sentinel and what it watches, client and server, every host from every other; reads logs and journals over SSH. For each cause it names the evidence and the runbook that mends it. It only reads. What is looked for stands in the runbook doctor.";
  static override examples = [
    { description: "Everything", command: "<%= config.bin %> doctor" },
    { description: "A replica lags: why?", command: "<%= config.bin %> doctor replica-behind" },
    { description: "An application gets this error", command: "<%= config.bin %> doctor NOREPLICAS" },
    { description: "What happened in the night", command: "<%= config.bin %> doctor --within 8h" },
    {
      description: "The commands that mend it",
      command: "<%= config.bin %> doctor --json | jq -r '.result.diagnoses[].mend.command // empty'",
    },
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.cannotConnect, EXIT.unhealthy];
  static override args = doctorArgs;
  static override flags = doctorFlags;

  async run(): Promise<DoctorReport | DoctorList | RunSummary> {
    const { args, flags } = await this.parse(Doctor);
    const { theme, width } = this;
    const inputs = inputsOf(args.symptom, flags);
    if (flags.list) {
      const list = doctorList();
      this.print(renderDoctorList(list, theme, width));
      return list;
    }
    const nothingToAgreeTo = { "dry-run": false, yes: false, confirm: undefined, "lock-minority": false };
    const work = await this.prepare("doctor", { ...flags, ...nothingToAgreeTo });
    const summary = await this.perform({ ...work, quietly: true }, inputs);
    if (!("report" in summary.outputs) || summary.outputs.report === null) return this.finish(summary, {});
    const report = reportIn(summary.outputs);
    this.print(renderDoctor(report, { theme, width, all: this.invocation.verbose }));
    this.endWith(exitOf(report));
    return report;
  }
}
