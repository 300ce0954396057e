import { durationFlag, outputFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, RunningCommand } from "../src/cli/running-command.ts";
import { benchmarkFlags, figureFlags, wishFlags } from "../src/cli/size/flags.ts";
import { figuresOf, inputsOfMeasuring, inputsOfSize } from "../src/cli/size/inputs.ts";
import { renderSizing } from "../src/cli/size/render.ts";
import { resultIn, type SizeResult } from "../src/cli/size/result.ts";
import type { Plan } from "../src/engine/plan.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";
import { sizeFigures } from "../src/use-cases/size-figures.ts";

export default class Size extends RunningCommand<SizeResult | Plan | RunSummary> {
  static override summary =
    "Say what memory, disk, network and how many shards a load needs, and how that was reckoned";
  static override description =
    "Measures what every primary holds and what its clients send, fetch and write, or takes figures of a deployment that does not exist yet. The default of each limit stands in the runbook size. Without --benchmark it only reads.";
  static override examples = [
    { description: "This deployment, half as large again", command: "<%= config.bin %> size" },
    {
      description: "Three times as large, measured for a minute",
      command: "<%= config.bin %> size --growth 300 --for 1m",
    },
    {
      description: "A deployment to be: sessions that expire",
      command: "<%= config.bin %> size --keys 20000000 --value-size 600 --expiring 100 --writes 4000 --reads 15000",
    },
    {
      description: "Hashes, on Valkey",
      command: "<%= config.bin %> size --keys 3000000 --type hash --elements 12 --value-size 40 --engine valkey-9.1",
    },
    {
      description: "And how many commands a second such hosts bear, on a replica's host",
      command: "<%= config.bin %> size --benchmark",
    },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    for: durationFlag({ summary: "How long to measure (default: 5s)", least: 100 }),
    ...wishFlags,
    ...benchmarkFlags,
    ...figureFlags,
  };

  async run(): Promise<SizeResult | Plan | RunSummary> {
    const { flags } = await this.parse(Size);
    const { keys } = flags;
    if (keys !== undefined) {
      const { load, sizing } = await sizeFigures(figuresOf(keys, flags), inputsOfSize(flags), this.choice(flags));
      return this.show({ loads: [load], benchmarks: [], sizing });
    }
    const inputs = { ...inputsOfSize(flags), ...inputsOfMeasuring(flags) };
    const work = { ...(await this.prepare("size", flags)), quietly: flags["dry-run"] || !flags.benchmark };
    if (flags["dry-run"]) return this.plan(work, inputs);
    const summary = await this.perform(work, inputs);
    if (!summary.error) return this.show(resultIn(summary.outputs));
    this.endWith(summary.exit, summary.error);
    return summary;
  }

  private show(result: SizeResult): SizeResult {
    this.print(renderSizing(result.sizing, { theme: this.theme, width: this.width }));
    return result;
  }
}
