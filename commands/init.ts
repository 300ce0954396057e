import { boolean, string } from "@oclif/core/flags";
import { meaningOf } from "../src/cli/init/meaning.ts";
import { renderDrift, renderRendered } from "../src/cli/init/render.ts";
import { RUN_EXITS, RunningCommand, runFlags } from "../src/cli/running-command.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import type { Plan } from "../src/engine/plan.ts";
import { type Drift, driftOf } from "../src/init/drift.ts";
import { PARTS, refuseUnknownParts } from "../src/init/parts.ts";
import { type Rendered, renderInto } from "../src/use-cases/render-deployment.ts";
import type { RunSummary } from "../src/use-cases/run-runbook.ts";

export default class Init extends RunningCommand<RunSummary | Plan | Drift | Rendered> {
  static override summary = "From redisha.yaml to a running deployment, again and again";
  static override description =
    "Looks at every host and server first, shows what differs per host and file, asks, and does only that: packages, kernel settings, firewall, users, configuration, forming. What lives keeps its role, and what servers wrote themselves is kept. A second run changes nothing. It refuses where going on would take data or make an outage permanent. The steps stand in the runbook init.";
  static override examples = [
    { description: "What it would do", command: "<%= config.bin %> init --dry-run" },
    { description: "Do it", command: "<%= config.bin %> init --yes" },
    { description: "Is everything as declared? Exit 4 where not", command: "<%= config.bin %> init --drift" },
    { description: "All files, to read or to compare", command: "<%= config.bin %> init --render-only --out rendered" },
    { description: "Only the Sentinels", command: "<%= config.bin %> init --only sentinel" },
  ];
  static override exitCodes = [...RUN_EXITS, EXIT.usage];
  static override flags = {
    ...runFlags,
    drift: boolean({
      exclusive: ["dry-run", "only"],
      summary: "Only say what is not as declared, and exit 4 where something is not",
    }),
    only: string({ helpValue: "PARTS", summary: `${PARTS.join(", ")}, or several with commas between` }),
    out: string({
      helpValue: "DIR",
      dependsOn: ["render-only"],
      summary: "Where --render-only writes, a folder for each host",
    }),
    "render-only": boolean({
      dependsOn: ["out"],
      exclusive: ["drift", "dry-run", "only", "restart"],
      summary: "Only write the files, here, without looking at any host",
    }),
    restart: boolean({ summary: "Restart servers, one after the other, that can change something only so" }),
  };

  async run(): Promise<RunSummary | Plan | Drift | Rendered> {
    const { flags } = await this.parse(Init);
    refuseUnknownParts(flags.only);
    const work = await this.prepare("init", flags);
    const { deployment } = work;
    if (flags["render-only"] && flags.out !== undefined) {
      const rendered = await renderInto(deployment, flags.out);
      this.print(renderRendered(rendered, this.theme));
      return rendered;
    }
    const looking = { ...work, runbook: await this.runbookOf("drift", deployment), quietly: true };
    const found = await this.perform(looking, {});
    if (found.error) {
      this.endWith(found.exit, found.error);
      return found;
    }
    const drift = driftOf(found.outputs);
    this.print(renderDrift(drift, this.theme));
    if (flags.drift || !drift.to_do) {
      if (flags.drift && drift.differs) this.endWith(EXIT.gateRefused);
      return drift;
    }
    const inputs = {
      ...(flags.restart ? { restart: "true" } : {}),
      ...(flags.only === undefined ? {} : { only: flags.only }),
    };
    if (flags["dry-run"]) return this.plan(work, inputs);
    const what = `Set ${deployment.name} up as shown`;
    return this.finish(
      await this.perform(work, inputs, { effect: "disruptive", what, meaning: meaningOf(flags.restart) }),
    );
  }
}
