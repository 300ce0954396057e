import { boolean } from "@oclif/core/flags";
import { type ClusterCheckResult, checkResultIn } from "../../src/cli/cluster/check-result.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { RunningCommand } from "../../src/cli/running-command.ts";
import { renderStatus } from "../../src/cli/status/render-status.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { verdictExit } from "../../src/topology/verdict-exit.ts";
import type { RunSummary } from "../../src/use-cases/run-runbook.ts";

export default class ClusterCheck extends RunningCommand<ClusterCheckResult | RunSummary> {
  static override summary = "Say what is wrong with a cluster, also where every node says that it is well";
  static override description =
    "Asks every node, replicas too, for its own view; counts keys that lie in slots their node does not own; names what every half-moved slot is halfway to; tries the bus ports from the other hosts. It sees dead and lagging replicas, both copies on one host, nodes that do not know or hear each other, epochs that collide, mixed versions. It only reads; redisha cluster fix mends slots. The steps stand in the runbook cluster-check.";
  static override examples = [
    { description: "One screen", command: "<%= config.bin %> cluster check" },
    { description: "Every reason with its evidence", command: "<%= config.bin %> cluster check -o wide" },
    { description: "As a gate", command: "<%= config.bin %> cluster check --json | jq -r .result.verdict.state" },
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.cannotConnect, EXIT.unhealthy];
  static override flags = {
    output: outputFlag(["table", "wide", "json", "yaml", "jsonl"]),
    bus: boolean({
      allowNo: true,
      default: true,
      summary: "Try the bus ports from the other hosts, where SSH leads to them",
    }),
  };

  async run(): Promise<ClusterCheckResult | RunSummary> {
    const { flags } = await this.parse(ClusterCheck);
    const asked = { "dry-run": true, yes: false, confirm: undefined, "lock-minority": false };
    const work = await this.prepare("cluster-check", { ...flags, ...asked });
    const summary = await this.perform(work, { bus: String(flags.bus) });
    if (summary.error) return this.finish(summary, {});
    const result = checkResultIn(summary.outputs);
    const { theme, width } = this;
    const wide = this.invocation.format === "wide";
    this.print(renderStatus(result.topology, result.verdict, { theme, width, wide }).trimEnd());
    this.endWith(verdictExit(result.verdict));
    return result;
  }
}
