import { integer, string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { renderDrills } from "../../src/cli/drills/render-list.ts";
import type { DrillsListResult } from "../../src/cli/drills/results.ts";
import { warnOfSkipped } from "../../src/cli/drills/skipped.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { listDrills, writeDrillMetrics } from "../../src/use-cases/drills.ts";

export default class DrillsList extends BaseCommand<DrillsListResult> {
  static override summary = "List the drills that were made from this machine, the newest first, with their trend";
  static override description =
    "Each drill is kept in the state directory with everything that was recorded, and nothing ever deletes it.";
  static override examples = [
    "<%= config.bin %> drills list",
    { description: "Those of one kind", command: "<%= config.bin %> drills list --deployment shop --mode hang" },
    {
      description: "After each drill, for the node exporter",
      command: "<%= config.bin %> drills list --textfile /var/lib/node_exporter/redisha-drills.prom",
    },
  ];
  static override exitCodes = [EXIT.done];
  static override flags = {
    output: outputFlag(["table", "wide", "json", "yaml"]),
    mode: string({ helpValue: "MODE", summary: "Only those of this kind: switchover, crash, hang, partition, host" }),
    limit: integer({ min: 1, default: 20, helpValue: "N", summary: "At most so many" }),
    textfile: string({ helpValue: "FILE", summary: "Write metrics of the last drills for Prometheus to this file" }),
  };

  async run(): Promise<DrillsListResult> {
    const { flags } = await this.parse(DrillsList);
    const found = await listDrills(process.env, flags);
    if (flags.textfile !== undefined) await writeDrillMetrics(flags.textfile, process.env, flags);
    warnOfSkipped(found.skipped, (text) => this.warn(text));
    const width = this.invocation.format === "wide" ? {} : { width: this.width };
    if (found.drills.length === 0) this.note("No drills.");
    else this.print(renderDrills(found.drills, { theme: this.theme, ...width, now: Date.now() }));
    if (found.more) this.note(`There are older ones: --limit ${flags.limit * 2}`);
    return found;
  }
}
