import { boolean, option, string } from "@oclif/core/flags";
import { durationFlag } from "../src/cli/flags.ts";
import { type PartOfRequest, RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { shownUpgrade, upgradeAdvice } from "../src/cli/upgrade/advice.ts";
import { inputsOfHops, inputsOfUpgrade, standbyOverHops, viaOf } from "../src/cli/upgrade/inputs.ts";
import type { Plan } from "../src/engine/plan.ts";
import { standbyPriority } from "../src/use-cases/past-upgrade.ts";
import { refuseRelease } from "../src/use-cases/refuse-release.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Upgrade extends RunningCommand<RunSummary | Plan> {
  static override summary = "Bring every server to another release, one by one, without losing an acknowledged write";
  static override description =
    "Whether it can be done is found out before anything stops: may the release follow what runs, is it there on every host, does it start with every configuration file, does a full sync fit. Then the replicas, one by one; a lossless switchover; the old primary; the Sentinels. Up to the switchover everything is taken back by redisha runs rollback, without loss. Behind it, what leads back depends on the release: the plan says what, and asks for the deployment's name. The steps stand in the runbook upgrade.";
  static override examples = [
    {
      description: "What it would do, and what stands in its way",
      command: "<%= config.bin %> upgrade --to 8.0.2 --dry-run",
    },
    { description: "By packages of the hosts", command: "<%= config.bin %> upgrade --to 8.0.2 --confirm shop" },
    {
      description: "By a folder of programs that is on every host",
      command: "<%= config.bin %> upgrade --to 9.1.2 --directory /opt/valkey-9.1",
    },
    {
      description: "From Redis to Valkey",
      command: "<%= config.bin %> upgrade --engine valkey --to 8.1.1 --directory /opt/valkey-8.1",
    },
    {
      description: "With a replica that stays on the release from before, and leads back without loss",
      command: "<%= config.bin %> upgrade --to 8.0.2 --standby r3:6379",
    },
    {
      description: "Over a series that cannot be jumped over, in one run, with a day between",
      command: "<%= config.bin %> upgrade --to 8.0.2 --via 7.0.15 --between 1d",
    },
    { description: "Before the switchover: take it back", command: "<%= config.bin %> runs rollback last" },
  ];
  static override exitCodes = RUN_EXITS;
  static override flags = {
    ...runFlags,
    to: string({ required: true, helpValue: "VERSION", summary: "The release, in full: 8.0.2" }),
    engine: option({
      options: ["redis", "valkey"] as const,
      helpValue: "redis|valkey",
      summary: "Another project than what runs now",
    })(),
    directory: string({
      helpValue: "DIR",
      summary: "The folder of the release's programs on every host (default: packages, where redisha.yaml says apt)",
    }),
    via: string({
      helpValue: "RELEASE",
      summary:
        "Go over this release, in the same run: 7.0.15, or how it begins (default: any that is needed, by packages)",
    }),
    "via-directory": string({
      helpValue: "DIR",
      dependsOn: ["via"],
      summary: "The folder of its programs on every host",
    }),
    between: durationFlag({ summary: "How long all has to stay well under the release between (default: 10m)" }),
    pause: boolean({ summary: "Pause under the release between; redisha runs resume goes on" }),
    waive: option({
      options: ["backup"] as const,
      helpValue: "backup",
      summary: "Make no backup before anything is stopped",
    })(),
    standby: string({
      helpValue: "INSTANCE",
      exclusive: ["via"],
      summary: "Leave this replica on its release: rollback leads back by it without loss",
    }),
    "standby-away": durationFlag({
      dependsOn: ["standby"],
      summary: "How long it may be away and still lead back (default: 15m)",
    }),
    soak: durationFlag({ summary: "How long to wait between two replicas (default: 10s)" }),
  };

  async run(): Promise<RunSummary | Plan> {
    const { flags } = await this.parse(Upgrade);
    const direct = await this.prepare("upgrade", flags);
    const { deployment } = direct;
    const via = viaOf(flags, deployment);
    const hops = via !== undefined;
    const work = hops ? { ...direct, runbook: await this.runbookOf("upgrade-hops", deployment) } : direct;
    if (hops && flags.standby !== undefined) throw standbyOverHops(flags.to);
    const priority = flags.standby === undefined ? await standbyPriority(deployment.name, process.env) : undefined;
    const given = { ...flags, standby_priority: priority };
    const inputs = hops ? inputsOfHops(flags, via, deployment) : inputsOfUpgrade(given, deployment);
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Upgrade ${deployment.name} to ${flags.engine ?? ""} ${flags.to}`.replace("  ", " ");
    const { engine = null, to: version, standby = null } = flags;
    // Over two hops it is the first one that has to be allowed, and which release that is may be found out on the way.
    const refuse = ({ session, signal }: PartOfRequest) =>
      hops ? Promise.resolve() : refuseRelease(session, { engine, version, standby }, signal);
    const summary = await this.perform(work, inputs, { effect: "disruptive", what, refuse });
    for (const line of upgradeAdvice(summary, flags.directory)) this.note(line);
    return this.finish(summary, shownUpgrade(summary));
  }
}
