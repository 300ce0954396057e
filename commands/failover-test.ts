import { boolean, integer, option, string } from "@oclif/core/flags";
import { DRILL_MODES, inputsOfDrill } from "../src/cli/drills/failover-inputs.ts";
import { type FailoverTestResult, failoverTestResult } from "../src/cli/drills/failover-result.ts";
import { findOutcome, keepIn } from "../src/cli/drills/outcome.ts";
import { renderDrill } from "../src/cli/drills/render-show.ts";
import { durationFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";

export default class FailoverTest extends RunningCommand<FailoverTestResult | Plan> {
  static override summary = "Hurt a primary under load, watch another take over, and say what it cost";
  static override description =
    "Probe clients write and read as applications do; every acknowledged write is read back from the new primary, and again after the old one has come back as a replica. The fault is armed on the host: whatever becomes of this machine, the host heals itself. Ctrl-C heals first. The steps stand in the runbook failover-test.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> failover-test --dry-run" },
    { description: "A server that hangs, the default", command: "<%= config.bin %> failover-test --yes" },
    {
      description: "The monthly drill, from cron",
      command:
        "<%= config.bin %> failover-test --mode crash --backup --return --watch 5m --report /var/lib/drills --production --confirm shop",
    },
    {
      description: "A primary that is cut off from its peers for half a minute, while clients still reach it",
      command: "<%= config.bin %> failover-test --mode partition --hold 30s --writers 4",
    },
  ];
  static override exitCodes = [...RUN_EXITS, EXIT.unhealthy, EXIT.interrupted];
  static override flags = {
    ...runFlags,
    mode: option({
      options: DRILL_MODES,
      default: "hang" as const,
      helpValue: DRILL_MODES.join("|"),
      summary:
        "What is done to the primary: its process is stopped or killed, its host cut off from its peers, from all, or rebooted; or it is switched over as planned",
    })(),
    shard: string({ helpValue: "SLOTS", summary: "Shard of a cluster, by id as status shows it (default: the first)" }),
    backup: boolean({ summary: "Make a backup first, in place of looking for a recent one" }),
    return: boolean({ summary: "Make the original primary the primary again in the end, without loss" }),
    baseline: durationFlag({ summary: "How long to measure before the fault (default: 10s)" }),
    watch: durationFlag({ summary: "How long to watch after all is redundant again (default: 30s)" }),
    hold: durationFlag({ summary: "How long the fault stays after writes go on (default: 5s)" }),
    writers: integer({ min: 1, max: 32, summary: "Writers of each kind (default: 1)" }),
    rate: integer({ min: 1, max: 1_000, summary: "Writes a second of each writer (default: 200)" }),
    "max-write-outage": durationFlag({ summary: "Exit 4 where writes stand still for longer (default: drill.budget)" }),
    "max-lost": integer({ min: 0, summary: "Exit 4 where more acknowledged writes are gone (default: drill.budget)" }),
    waive: string({ helpValue: "GUARD,…", summary: "Guards to pass over: healthy, backup, window" }),
    production: boolean({ summary: "The deployment is declared production: true, and is meant nevertheless" }),
    report: string({ helpValue: "DIR", summary: "Write the report there too, as JSON, Markdown and HTML" }),
  };

  async run(): Promise<FailoverTestResult | Plan> {
    const { flags } = await this.parse(FailoverTest);
    const work = await this.prepare("failover-test", flags);
    const { deployment } = work;
    const inputs = inputsOfDrill(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Hurt the primary of ${deployment.name} (${flags.mode})`;
    // Of one in production the runbook itself asks, by name.
    const agreement = deployment.production ? undefined : { effect: "disruptive" as const, what };
    const summary = await this.perform(work, inputs, agreement);
    const found = await findOutcome(summary);
    const written = found && flags.report !== undefined ? await keepIn(flags.report, found.report) : [];
    if (found) {
      this.print(renderDrill(found.report, { theme: this.theme, width: this.width }));
      this.note(`kept in ${found.directory}`);
    }
    if (written.length > 0) this.note(`written to ${written.join(", ")}`);
    // The figures were shown already, in words.
    this.finish({ ...summary, outputs: {} });
    return failoverTestResult(summary, found, written);
  }
}
