import { integer, string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { renderRuns } from "../../src/cli/runs/render-list.ts";
import type { RunsListResult } from "../../src/cli/runs/results.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { RUN_STATES, type RunState } from "../../src/engine/run-state.ts";
import { listRuns } from "../../src/use-cases/runs.ts";

export default class RunsList extends BaseCommand<RunsListResult> {
  static override summary = "List the runs that changed something from this machine, the newest first";
  static override description =
    "Each run that may change something leaves a journal in the state directory; one that only reads leaves none.";
  static override examples = [
    "<%= config.bin %> runs list",
    { description: "What waits for somebody", command: "<%= config.bin %> runs list --state paused" },
  ];
  static override exitCodes = [EXIT.done];
  static override flags = {
    output: outputFlag(["table", "wide", "json", "yaml"]),
    state: string({ options: [...RUN_STATES], helpValue: "STATE", summary: "Only those that stand so" }),
    limit: integer({ min: 1, default: 20, helpValue: "N", summary: "At most so many" }),
  };

  async run(): Promise<RunsListResult> {
    const { flags } = await this.parse(RunsList);
    const state: RunState | undefined = RUN_STATES.find((each) => each === flags.state);
    const found = await listRuns(process.env, { deployment: flags.deployment, state, limit: flags.limit });
    const width = this.invocation.format === "wide" ? {} : { width: this.width };
    if (found.runs.length === 0) this.note("No runs.");
    else this.print(renderRuns(found.runs, { theme: this.theme, ...width, now: Date.now() }));
    if (found.more) this.note(`There are older ones: --limit ${flags.limit * 2}`);
    return found;
  }
}
