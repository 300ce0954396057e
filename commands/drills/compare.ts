import { string as stringArg } from "@oclif/core/args";
import { integer, string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { renderComparison } from "../../src/cli/drills/render-compare.ts";
import type { DrillsCompareResult } from "../../src/cli/drills/results.ts";
import { warnOfSkipped } from "../../src/cli/drills/skipped.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { comparisonHtml } from "../../src/report/drill/compare-html.ts";
import { compareDrills } from "../../src/use-cases/drills.ts";
import { writeReport } from "../../src/use-cases/report-run.ts";

export default class DrillsCompare extends BaseCommand<DrillsCompareResult> {
  static override summary = "Put drills side by side: those named, or the newest ones";
  static override examples = [
    { description: "Is it getting worse?", command: "<%= config.bin %> drills compare --mode hang" },
    "<%= config.bin %> drills compare 9f3a1c last",
    "<%= config.bin %> drills compare --limit 24 --format html --output trend.html",
  ];
  static override exitCodes = [EXIT.done];
  static override strict = false;
  static override args = { drill: stringArg({ description: "Ids of runs, unambiguous parts of them, or last" }) };
  static override flags = {
    format: string({ options: ["text", "html"], default: "text", helpValue: "text|html", summary: "What to write" }),
    output: string({ helpValue: "FILE", summary: "Where to write it, instead of stdout" }),
    mode: string({ helpValue: "MODE", summary: "Only drills of this kind, where none are named" }),
    limit: integer({ min: 2, default: 12, helpValue: "N", summary: "At most so many, where none are named" }),
  };

  async run(): Promise<DrillsCompareResult> {
    const { argv, flags } = await this.parse(DrillsCompare);
    const { reports, skipped } = await compareDrills(argv.map(String), process.env, flags);
    warnOfSkipped(skipped, (text) => this.warn(text));
    const width = flags.output === undefined ? { width: this.width } : {};
    const text =
      flags.format === "html" ? comparisonHtml(reports) : renderComparison(reports, { theme: this.theme, ...width });
    if (flags.output === undefined) this.print(text);
    else {
      await writeReport(flags.output, text);
      this.note(`Written to ${flags.output}`);
    }
    const drills = reports.map(({ run, deployment, mode, started_at, verdict, figures }) => ({
      run,
      deployment,
      mode,
      started_at,
      verdict,
      figures,
    }));
    return { drills, skipped };
  }
}
