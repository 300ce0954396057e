import { string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import type { RunsReportResult } from "../../src/cli/runs/results.ts";
import { runArgument } from "../../src/cli/runs/run-argument.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { REPORT_FORMATS, reportRun, writeReport } from "../../src/use-cases/report-run.ts";

export default class RunsReport extends BaseCommand<RunsReportResult> {
  static override summary = "Write a report of a run: Markdown for a ticket, or one HTML file";
  static override examples = [
    "<%= config.bin %> runs report last --format md",
    "<%= config.bin %> runs report last --format html --output change-4711.html",
  ];
  static override exitCodes = [EXIT.done, EXIT.verificationFailed];
  static override args = { run: runArgument };
  static override flags = {
    format: string({
      options: [...REPORT_FORMATS],
      default: "md",
      helpValue: REPORT_FORMATS.join("|"),
      summary: "What to write",
    }),
    output: string({ helpValue: "FILE", summary: "Where to write it, instead of stdout" }),
  };

  async run(): Promise<RunsReportResult> {
    const { args, flags } = await this.parse(RunsReport);
    const format = flags.format === "html" ? "html" : "md";
    const { run, text } = await reportRun(args.run, format, process.env);
    if (flags.output === undefined) {
      this.print(text);
      return { run, format, file: null, text };
    }
    await writeReport(flags.output, text);
    this.note(`Written to ${flags.output}`);
    return { run, format, file: flags.output, text: null };
  }
}
