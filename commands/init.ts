import { boolean, string } from "@oclif/core/flags";
import { agreeFirst } from "../src/cli/confirm.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { type Drift, driftOf } from "../src/cli/init/drift.ts";
import { renderDrift } from "../src/cli/init/render.ts";
import { renderPlan } from "../src/cli/render/plan.ts";
import { approvalFlags, RunningCommand } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { compileByName, storeBeside } from "../src/use-cases/compile.ts";
import { planRunbook } from "../src/use-cases/plan-runbook.ts";
import { type RunSummary, runRunbook } from "../src/use-cases/run-runbook.ts";

export default class Init extends RunningCommand<RunSummary | Plan | Drift> {
  static override summary = "From redisha.yaml to a running deployment, again and again";
  static override description =
    "Looks at every host and server first, shows what differs per host and file, asks, and does only that: packages, users, configuration, forming. What lives keeps its role, and what servers wrote themselves is kept. A second run changes nothing. It refuses where going on would take data or make an outage permanent. The steps stand in the runbook init.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> init --dry-run" },
    { description: "Do it", command: "<%= config.bin %> init --yes" },
    { description: "Is everything as declared? Exit 4 where not", command: "<%= config.bin %> init --drift" },
    { description: "Only the Sentinels", command: "<%= config.bin %> init --only sentinel" },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.usage,
    EXIT.gateRefused,
    EXIT.lockHeld,
    EXIT.cannotConnect,
    EXIT.paused,
    EXIT.outcomeUnknown,
  ];
  static override flags = {
    output: outputFlag(["table", "json", "yaml", "jsonl"]),
    drift: boolean({
      exclusive: ["dry-run", "only"],
      summary: "Only say what is not as declared, and exit 4 where something is not",
    }),
    only: string({ helpValue: "PARTS", summary: "packages, redis or sentinel, or several with commas between" }),
    restart: boolean({ summary: "Restart servers, one after the other, that can change something only so" }),
    "dry-run": boolean({ char: "n", summary: "Print the differences and the plan, and change nothing" }),
    ...approvalFlags,
  };

  async run(): Promise<RunSummary | Plan | Drift> {
    const { flags } = await this.parse(Init);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const store = storeBeside(deployment.file);
    const { runbook: looking } = await compileByName("drift", store);
    const { runbook } = await compileByName("init", store);
    const work = { deployment, flags, look: "look first: --dry-run" };
    const found = await this.carrying({ ...work, runbook: looking, quietly: true }, (request) =>
      runRunbook({ ...request, inputs: {} }),
    );
    if (found.error) {
      this.endWith(found.exit, found.error);
      return found;
    }
    const drift = driftOf(found.outputs);
    this.print(renderDrift(drift, this.theme));
    if (flags.drift || !drift.differs) {
      if (drift.differs) this.endWith(EXIT.gateRefused);
      return drift;
    }
    const inputs = {
      ...(flags.restart ? { restart: "true" } : {}),
      ...(flags.only === undefined ? {} : { only: flags.only }),
    };
    if (flags["dry-run"]) {
      const plan = await this.carrying({ ...work, runbook, quietly: true }, (request) =>
        planRunbook({ ...request, inputs }),
      );
      this.print(renderPlan(plan, { theme: this.theme, width: this.width }));
      if (plan.stops_at !== undefined) this.endWith(EXIT.gateRefused);
      return plan;
    }
    const summary = await this.carrying({ ...work, runbook, quietly: false }, async (request, asking) => {
      const approvals = await agreeFirst("disruptive", `Set ${deployment.name} up as shown`, asking);
      return runRunbook({ ...request, inputs, approvals });
    });
    return this.finish(summary);
  }
}
