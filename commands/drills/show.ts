import { string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { drillArgument } from "../../src/cli/drills/drill-argument.ts";
import { renderDrill } from "../../src/cli/drills/render-show.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import type { DrillReport } from "../../src/drill/report-schema.ts";
import { DRILL_FORMATS, drillText } from "../../src/report/drill/formats.ts";
import { showDrill } from "../../src/use-cases/drills.ts";
import { writeReport } from "../../src/use-cases/report-run.ts";

export default class DrillsShow extends BaseCommand<DrillReport> {
  static override summary =
    "Show what a drill found: on the terminal, as Markdown, or as one HTML page with its timeline";
  static override examples = [
    "<%= config.bin %> drills show last",
    "<%= config.bin %> drills show last --format html --output drill.html",
    {
      description: "One figure, for a script",
      command: "<%= config.bin %> drills show last --json | jq .result.figures.lost_writes",
    },
  ];
  static override exitCodes = [EXIT.done];
  static override args = { drill: drillArgument };
  static override flags = {
    format: string({
      options: ["text", ...DRILL_FORMATS],
      default: "text",
      helpValue: `text|${DRILL_FORMATS.join("|")}`,
      summary: "What to write",
    }),
    output: string({ helpValue: "FILE", summary: "Where to write it, instead of stdout" }),
  };

  async run(): Promise<DrillReport> {
    const { args, flags } = await this.parse(DrillsShow);
    const { report, directory } = await showDrill(args.drill, process.env, flags);
    const format = DRILL_FORMATS.find((each) => each === flags.format);
    const text = format
      ? drillText(report, format)
      : renderDrill(report, { theme: this.theme, width: flags.output === undefined ? this.width : 100 });
    if (flags.output === undefined) {
      this.print(text);
      if (!format) this.note(`\nkept in ${directory}`);
    } else {
      await writeReport(flags.output, text);
      this.note(`Written to ${flags.output}`);
    }
    return report;
  }
}
