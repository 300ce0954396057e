import { string } from "@oclif/core/flags";
import { durationFlag } from "../src/cli/flags.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { inputsOfPatch } from "../src/cli/upgrade/inputs.ts";
import type { Plan } from "../src/engine/plan.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Patch extends RunningCommand<RunSummary | Plan> {
  static override summary = "Bring the packages of every host to another revision of the release that runs";
  static override description =
    "A security update of the same release: 5:7.0.15-1~deb12u7 to u10. Server, Sentinel and tools of a host move together, and nothing restarts by itself. Each server is restarted under the runbook: the replicas one by one, each primary behind a lossless switchover, then the Sentinels; also what an unattended update has replaced on the disk and not restarted. It goes back the same way, with --to the revision from before. The steps stand in the runbook patch.";
  static override examples = [
    { description: "What there is, host by host, and what it would do", command: "<%= config.bin %> patch --dry-run" },
    { description: "To the newest revision that apt offers", command: "<%= config.bin %> patch --yes" },
    { description: "To this one, newer or older", command: "<%= config.bin %> patch --to 5:7.0.15-1~deb12u7" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    to: string({ helpValue: "REVISION", summary: "The package's own version, as dpkg has it (default: the newest)" }),
    soak: durationFlag({ summary: "How long to wait between two servers (default: 10s)" }),
  };

  async run(): Promise<RunSummary | Plan> {
    const { flags } = await this.parse(Patch);
    const work = await this.prepare("patch", flags);
    const inputs = inputsOfPatch(flags);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Bring the packages of ${work.deployment.name} to ${flags.to ?? "their newest revision"}`;
    return this.finish(await this.perform(work, inputs, { effect: "disruptive", what }));
  }
}
