import { boolean, integer, option, string } from "@oclif/core/flags";
import { agreeFirst } from "../src/cli/confirm.ts";
import { DRILL_MODES, inputsOfDrill } from "../src/cli/drills/failover-inputs.ts";
import { type FailoverTestResult, failoverTestResult } from "../src/cli/drills/failover-result.ts";
import { findOutcome, keepIn } from "../src/cli/drills/outcome.ts";
import { renderDrill } from "../src/cli/drills/render-show.ts";
import { durationFlag, outputFlag } from "../src/cli/flags.ts";
import { renderPlan } from "../src/cli/render/plan.ts";
import { approvalFlags, RunningCommand } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { compileByName, storeBeside } from "../src/use-cases/compile.ts";
import { planRunbook } from "../src/use-cases/plan-runbook.ts";
import { runRunbook } from "../src/use-cases/run-runbook.ts";

const LOOK = "look first: --dry-run";

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
        "<%= config.bin %> failover-test --mode crash --return --watch 5m --report /var/lib/drills --production --confirm shop",
    },
    {
      description: "A primary that is cut off from its peers for half a minute, while clients still reach it",
      command: "<%= config.bin %> failover-test --mode partition --hold 30s --writers 4",
    },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.warnings,
    EXIT.gateRefused,
    EXIT.lockHeld,
    EXIT.cannotConnect,
    EXIT.paused,
    EXIT.outcomeUnknown,
    EXIT.unhealthy,
    EXIT.interrupted,
  ];
  static override flags = {
    output: outputFlag(["table", "json", "yaml", "jsonl"]),
    mode: option({
      options: DRILL_MODES,
      default: "hang" as const,
      helpValue: DRILL_MODES.join("|"),
      summary:
        "What is done to the primary: its process is stopped or killed, its host cut off from its peers, from all, or rebooted; or it is switched over as planned",
    })(),
    shard: string({ helpValue: "SLOTS", summary: "Shard of a cluster, by id as status shows it (default: the first)" }),
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
    "dry-run": boolean({ char: "n", summary: "Print the plan and change nothing" }),
    ...approvalFlags,
  };

  async run(): Promise<FailoverTestResult | Plan> {
    const { flags } = await this.parse(FailoverTest);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const { runbook } = await compileByName("failover-test", storeBeside(deployment.file));
    const inputs = inputsOfDrill(flags);
    const work = { deployment, runbook, flags, quietly: flags["dry-run"], look: LOOK };
    if (flags["dry-run"]) {
      const plan = await this.carrying(work, (request) => planRunbook({ ...request, inputs }));
      this.print(renderPlan(plan, { theme: this.theme, width: this.width }));
      if (plan.stops_at !== undefined) this.endWith(EXIT.gateRefused);
      return plan;
    }
    const summary = await this.carrying(work, async (request, asking) => {
      const what = `Hurt the primary of ${deployment.name} (${flags.mode})`;
      const approvals = deployment.production ? [] : await agreeFirst("disruptive", what, asking);
      return runRunbook({ ...request, inputs, approvals });
    });
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
