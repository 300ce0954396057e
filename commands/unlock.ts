import { boolean, string } from "@oclif/core/flags";
import { BaseCommand } from "../src/cli/base-command.ts";
import { approver } from "../src/cli/confirm.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { renderLocks, renderRemovals } from "../src/cli/unlock/render-locks.ts";
import { untilInterrupted } from "../src/cli/until-interrupted.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import { describeError } from "../src/engine/describe-error.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import type { UnlockResult } from "../src/use-cases/lock-views.ts";
import { openSession } from "../src/use-cases/session.ts";
import { removeLocks, showLocks } from "../src/use-cases/unlock.ts";

export default class Unlock extends BaseCommand<UnlockResult> {
  static override summary = "Show who has the lock of a deployment, or remove the lock of a run that is dead";
  static override description =
    "Without --run it only looks. A lock whose process died ends by itself with its lease and is then taken over by the next run: removing it by hand is for when that cannot be waited for.";
  static override examples = [
    { description: "Who has it", command: "<%= config.bin %> unlock" },
    { description: "Remove what a dead run left", command: "<%= config.bin %> unlock --run 20261121T013015Z-9f3a1c" },
    {
      description: "Although its lease still runs",
      command: "<%= config.bin %> unlock --run 20261121T013015Z-9f3a1c --force --confirm=shop",
    },
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.gateRefused, EXIT.cannotConnect];
  static override flags = {
    output: outputFlag(["table", "wide", "json", "yaml"]),
    run: string({ helpValue: "ID", summary: "Remove the locks of this run; those of others stay" }),
    force: boolean({
      summary: "Also where they are live: the run must be dead, or it can do harm",
      dependsOn: ["run"],
    }),
    confirm: string({ helpValue: "DEPLOYMENT", summary: "Agree to remove live locks, by the deployment's name" }),
  };

  async run(): Promise<UnlockResult> {
    const { flags } = await this.parse(Unlock);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const { name } = deployment;
    return untilInterrupted(async (signal) => {
      const session = openSession(deployment, signal);
      const looking = { session, env: process.env, signal };
      try {
        const before = await showLocks(looking);
        if (flags.run === undefined) {
          this.print(renderLocks(name, before.hosts, before.local, { theme: this.theme, width: this.columns }));
          return { deployment: name, run: null, removals: [], ...before };
        }
        const { run, force } = flags;
        const live = [...before.hosts, ...before.local].some((lock) => lock.run === run && lock.state === "live");
        if (live && force) await this.agree(name, run, flags.confirm, signal);
        const { removals, exit, error } = await removeLocks(run, force, looking);
        if (removals.some(({ outcome }) => outcome !== "none") || !error) {
          this.print(renderRemovals(run, removals, this.theme));
        }
        this.endWith(exit, error ? describeError(error) : null);
        return { deployment: name, run, removals, ...(await showLocks(looking)) };
      } finally {
        await session.close();
      }
    }, "locks that were removed until then are gone, the others stay");
  }

  private get columns(): number | undefined {
    return this.invocation.format === "wide" ? undefined : this.width;
  }

  /** Removing a live lock lets a second run in beside the first: the deployment's name has to be typed. */
  private async agree(deployment: string, run: string, answer: string | undefined, pause: AbortSignal): Promise<void> {
    const approve = approver({
      deployment,
      yes: false,
      confirm: answer,
      streams: this.invocation.streams,
      renderer: await this.subscribe({ quietly: true }),
      pause,
      look: `look first: redisha unlock -d ${deployment}`,
    });
    const what = `Remove the live lock of run ${run}? If that run is alive, two runs will work on ${deployment} at once.`;
    await approve({ what, typed: deployment });
  }
}
