import { boolean } from "@oclif/core/flags";
import { BaseCommand } from "../src/cli/base-command.ts";
import { durationFlag, outputFlag } from "../src/cli/flags.ts";
import { unfinishedText } from "../src/cli/runs/unfinished-text.ts";
import { lookAtAll, worstExit } from "../src/cli/status/look-at-all.ts";
import { allToResult, renderAll } from "../src/cli/status/render-all.ts";
import type { RenderReport, StatusReport } from "../src/cli/status/render-status.ts";
import { reportRenderer } from "../src/cli/status/report-renderer.ts";
import type { StatusResultJson } from "../src/cli/status/status-result.ts";
import { watchDeployment } from "../src/cli/status/watch-deployment.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import { findDeployment, findDeployments } from "../src/inventory/find-deployment.ts";
import type { Deployment } from "../src/inventory/model.ts";
import { openStatus, type StatusResult, type StatusWatch } from "../src/use-cases/status.ts";

export default class Status extends BaseCommand<StatusResultJson> {
  static override summary = "Say what state a deployment is in, why, and what to do next";
  static override description =
    "Looks at every instance at once: verdict and reasons first, then the topology with roles, links, lag, memory and persistence, then Sentinels or slots. It only reads.";
  static override examples = [
    { description: "One screen", command: "<%= config.bin %> status" },
    { description: "Again every second, with changes marked", command: "<%= config.bin %> status -w --interval 1s" },
    { description: "Every deployment of the file", command: "<%= config.bin %> status --all" },
    { description: "For a script", command: "<%= config.bin %> status --json | jq -r .result.topology.primary_id" },
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.cannotConnect, EXIT.unhealthy];
  static override flags = {
    output: outputFlag(["table", "wide", "json", "yaml", "jsonl"]),
    wide: boolean({ summary: "Every column, every reason, the evidence; the same as -o wide" }),
    watch: boolean({ char: "w", summary: "Look again and again; q or Ctrl-C ends it" }),
    interval: durationFlag({ summary: "Time between two looks of --watch (default 2s)", least: 100 }),
    all: boolean({ summary: "Every deployment of the file", exclusive: ["deployment", "watch"] }),
    "sentinels-view": boolean({ summary: "What each Sentinel says of every node and of the others" }),
  };

  async run(): Promise<StatusResultJson> {
    const { flags } = await this.parse(Status);
    const { theme, width, invocation } = this;
    const render = reportRenderer({ theme, width, invocation, sentinelsView: flags["sentinels-view"] });
    if (flags.all) {
      const { deployments, warnings } = await findDeployments(this.choice(flags));
      this.warnOf(warnings);
      const all = await lookAtAll(deployments, (deployment) => this.look(deployment));
      this.endWith(worstExit(all));
      this.print(renderAll(all, render, theme, width));
      return allToResult(all);
    }
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const seen = flags.watch
      ? await this.watch(deployment, flags.interval ?? 2_000, render)
      : await this.look(deployment);
    this.endWith(seen.exit);
    if (!flags.watch) this.print(render(seen, undefined));
    return resultOf(seen);
  }

  private async look(deployment: Deployment): Promise<StatusResult> {
    const status = await this.open(deployment, new AbortController().signal);
    try {
      return await status.look();
    } finally {
      await status.close();
    }
  }

  private watch(deployment: Deployment, intervalMs: number, render: RenderReport): Promise<StatusResult> {
    return watchDeployment({
      open: (signal) => this.open(deployment, signal),
      intervalMs,
      invocation: this.invocation,
      render,
      printResult: async (seen) => {
        this.endWith(seen.exit);
        await this.printResult(resultOf(seen));
      },
    });
  }

  private async open(deployment: Deployment, signal: AbortSignal): Promise<StatusWatch> {
    const renderer = await this.subscribe({ quietly: true });
    const status = await openStatus(deployment, { signal, sink: renderer.sink, env: process.env });
    if (status.unfinished) this.warn(unfinishedText(status.unfinished));
    if (status.runbook.origin !== "shipped") this.note(`using your own status runbook: ${status.runbook.path}`);
    return status;
  }
}

function resultOf({ topology, verdict }: StatusReport): StatusResultJson {
  return { topology, verdict };
}
