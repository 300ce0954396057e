import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { renderStory } from "../../src/cli/runs/render-show.ts";
import { runArgument } from "../../src/cli/runs/run-argument.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import type { RunStory } from "../../src/report/story.ts";
import { tellRun } from "../../src/report/tell.ts";
import { showRun } from "../../src/use-cases/runs.ts";

export default class RunsShow extends BaseCommand<RunStory> {
  static override summary = "Show what happened in a run, what is in doubt, and what to type next";
  static override examples = ["<%= config.bin %> runs show last", "<%= config.bin %> runs show 9f3a1c --json"];
  static override exitCodes = [EXIT.done, EXIT.verificationFailed];
  static override args = { run: runArgument };
  static override flags = { output: outputFlag(["table", "json", "yaml"]) };

  async run(): Promise<RunStory> {
    const { args } = await this.parse(RunsShow);
    const story = tellRun(await showRun(args.run, process.env));
    this.print(renderStory(story, { theme: this.theme, width: this.width }));
    if (story.fault !== null) this.endWith(EXIT.verificationFailed);
    return story;
  }
}
