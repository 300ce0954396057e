import { boolean, string } from "@oclif/core/flags";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { inputsOfSwitchover, METHODS } from "../src/cli/switchover/inputs.ts";
import { renderSwitchover } from "../src/cli/switchover/render.ts";
import { type SwitchoverResult, switchoverResult } from "../src/cli/switchover/result.ts";
import type { Plan } from "../src/engine/plan.ts";

export default class Switchover extends RunningCommand<SwitchoverResult | Plan> {
  static override summary = "Move a primary to a replica, as planned, without losing an acknowledged write";
  static override description =
    "Writes stop for about half a second: the replicas catch up, one is promoted, the old primary becomes its replica before anybody can write to it again. Probe clients write all the while; every write that was acknowledged is read back. If this machine dies on the way, the hosts put back what was relaxed within half a minute. The steps stand in the runbook switchover.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> switchover --dry-run" },
    { description: "To the best replica", command: "<%= config.bin %> switchover --yes" },
    { description: "To this one", command: "<%= config.bin %> switchover --to r2" },
    { description: "Empty a host before it is maintained", command: "<%= config.bin %> switchover --from r1 --yes" },
    { description: "One shard of a cluster", command: "<%= config.bin %> switchover --shard 0-5460" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    to: string({ helpValue: "REPLICA", summary: "Instance, or its host, that is to be the primary" }),
    from: string({ helpValue: "HOST", summary: "Move every primary away from this host or instance" }),
    shard: string({ helpValue: "SLOTS", summary: "Shard of a cluster, by id as status shows it" }),
    "max-lag": string({ helpValue: "BYTES", summary: "A replica further behind is not switched to (default: 1mb)" }),
    degraded: boolean({ summary: "Go on although an instance does not answer" }),
    method: string({
      options: [...METHODS],
      helpValue: METHODS.join("|"),
      summary: "fence: stop the writes from here, also where the servers could do it themselves",
    }),
    measure: boolean({ allowNo: true, default: true, summary: "Write all the while, and read every write back" }),
  };

  async run(): Promise<SwitchoverResult | Plan> {
    const { flags } = await this.parse(Switchover);
    const work = await this.prepare("switchover", flags);
    const inputs = inputsOfSwitchover(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Switch ${work.deployment.name} over`;
    const summary = await this.perform(work, inputs, { effect: "disruptive", what });
    const result = switchoverResult(summary);
    this.print(renderSwitchover(summary, result, this.theme));
    this.endWith(summary.exit, summary.error);
    return result;
  }
}
