import { boolean, string } from "@oclif/core/flags";
import { outputFlag } from "../src/cli/flags.ts";
import { listOf, type PreflightList, renderList } from "../src/cli/preflight/list.ts";
import { REPORT_FORMATS, renderReport } from "../src/cli/preflight/render.ts";
import { exitOf, reportIn } from "../src/cli/preflight/result.ts";
import { RUN_EXITS, RunningCommand } from "../src/cli/running-command.ts";
import { FAIL_ON, type PreflightReport } from "../src/preflight/report.ts";
import { checksOf } from "../src/use-cases/preflight-checks.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Preflight extends RunningCommand<PreflightReport | PreflightList | RunSummary> {
  static override summary = "Say whether a deployment is ready for real users, check by check";
  static override description =
    "Asks every check of the checklist, each with its severity, what was measured, what is wanted and what to type; none hides another. Ends with 4 where the gate refuses, 3 where there are warnings. The checklist stands in the runbook preflight. It only reads.";
  static override examples = [
    { description: "Everything", command: "<%= config.bin %> preflight" },
    { description: "In CI: refuse also for warnings", command: "<%= config.bin %> preflight --fail-on warning" },
    {
      description: "For a CI server that reads JUnit",
      command: "<%= config.bin %> preflight -o junit > preflight.xml",
    },
    { description: "Two checks", command: "<%= config.bin %> preflight --only backlog-size,min-replicas" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    output: outputFlag(["table", "json", "yaml"], REPORT_FORMATS),
    list: boolean({ summary: "Only say which checks there are; nothing is looked at" }),
    profile: string({ helpValue: "NAME", summary: "Severities and thresholds: production, dev, cache, datastore" }),
    only: string({ helpValue: "CHECK,…", summary: "Only these checks" }),
    skip: string({ helpValue: "CHECK,…", summary: "All but these checks" }),
    "fail-on": string({ options: [...FAIL_ON], default: "error", summary: "What makes the gate refuse" }),
  };

  async run(): Promise<PreflightReport | PreflightList | RunSummary> {
    const { flags } = await this.parse(Preflight);
    const work = await this.prepare("preflight", {
      ...flags,
      "dry-run": true,
      yes: false,
      confirm: undefined,
      "lock-minority": false,
    });
    const { profile, only, skip } = flags;
    const inputs = {
      fail_on: flags["fail-on"],
      ...(profile === undefined ? {} : { profile }),
      ...(only === undefined ? {} : { only }),
      ...(skip === undefined ? {} : { skip }),
    };
    if (flags.list) {
      const list = listOf(checksOf(work.runbook, inputs, work.deployment));
      this.print(renderList(list, this.theme, this.tableWidth));
      return list;
    }
    const summary = await this.perform(work, inputs);
    if (summary.error) {
      this.endWith(summary.exit, summary.error);
      return summary;
    }
    const report = reportIn(summary.outputs);
    const { theme, width } = this;
    const { verbose: all } = this.invocation;
    this.print(renderReport(report, { format: flags.output, theme, width, all, file: work.deployment.file }));
    this.endWith(exitOf(report));
    return report;
  }
}
