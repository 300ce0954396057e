import { inputsOf, preflightFlags } from "../src/cli/preflight/inputs.ts";
import { listOf, type PreflightList, renderList } from "../src/cli/preflight/list.ts";
import { renderReport } from "../src/cli/preflight/render.ts";
import { exitOf, reportIn } from "../src/cli/preflight/result.ts";
import { RUN_EXITS, RunningCommand } from "../src/cli/running-command.ts";
import type { Plan } from "../src/engine/plan.ts";
import type { PreflightReport } from "../src/preflight/report.ts";
import { checksOf } from "../src/use-cases/preflight-checks.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Preflight extends RunningCommand<PreflightReport | PreflightList | Plan | RunSummary> {
  static override summary = "Say whether a deployment is ready for real users, check by check";
  static override description =
    "Asks every check of the checklist, each with its severity, what was measured, what is wanted and what to type; none hides another. Ends with 4 where the gate refuses, 3 where there are warnings. The checklist stands in the runbook preflight, what --fix does in preflight-fix. Without --fix it only reads.";
  static override examples = [
    { description: "Everything", command: "<%= config.bin %> preflight" },
    { description: "In CI: refuse also for warnings", command: "<%= config.bin %> preflight --fail-on warning" },
    {
      description: "For a CI server that reads JUnit",
      command: "<%= config.bin %> preflight -o junit > preflight.xml",
    },
    { description: "Two checks", command: "<%= config.bin %> preflight --only backlog-size,min-replicas" },
    { description: "What it would mend", command: "<%= config.bin %> preflight --fix --dry-run" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = preflightFlags;

  async run(): Promise<PreflightReport | PreflightList | Plan | RunSummary> {
    const { flags } = await this.parse(Preflight);
    const name = flags.fix ? "preflight-fix" : "preflight";
    const work = await this.prepare(name, flags);
    const inputs = inputsOf(flags, flags["fail-on"]);
    if (flags.list) {
      const list = listOf(checksOf(work.runbook, inputs, work.deployment));
      this.print(renderList(list, this.theme, this.tableWidth));
      return list;
    }
    if (flags["dry-run"]) return this.plan(work, inputs);
    const summary = await this.perform({ ...work, quietly: !flags.fix }, inputs);
    if (summary.error) return this.finish(summary, {});
    const report = reportIn(summary.outputs);
    const { theme, width } = this;
    const { verbose: all } = this.invocation;
    this.print(renderReport(report, { format: flags.output, theme, width, all, file: work.deployment.file }));
    this.endWith(exitOf(report));
    return report;
  }
}
