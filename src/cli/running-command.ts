import { boolean, string } from "@oclif/core/flags";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { Plan } from "../engine/plan.ts";
import { findDeployment } from "../inventory/find-deployment.ts";
import type { Deployment } from "../inventory/model.ts";
import type { Effect } from "../runbook/effect.ts";
import type { Runbook } from "../runbook/model.ts";
import { compileByName, storeBeside } from "../use-cases/compile.ts";
import { planRunbook } from "../use-cases/plan-runbook.ts";
import { type RunRequest, type RunSummary, runRunbook } from "../use-cases/run-runbook.ts";
import { openSession } from "../use-cases/session.ts";
import { unfinishedRun } from "../use-cases/unfinished-run.ts";
import { BaseCommand } from "./base-command.ts";
import { agreeFirst, approver, type ConfirmOptions } from "./confirm.ts";
import { outputFlag } from "./flags.ts";
import { catchInterrupts } from "./interrupts.ts";
import { pauseRemark } from "./render/pause-remark.ts";
import { renderPlan } from "./render/plan.ts";
import { renderSummary } from "./render/summary.ts";
import { unfinishedText } from "./runs/unfinished-text.ts";

/** Flags by which an operator agrees beforehand to what would be asked, or refused. */
export const approvalFlags = {
  yes: boolean({ char: "y", summary: "Agree to what is asked with yes or no: what disrupts clients for a while" }),
  confirm: string({
    helpValue: "DEPLOYMENT",
    summary: "Agree to what is asked by a name: what destroys data or cannot be taken back",
  }),
  "lock-minority": boolean({
    summary: "Although no majority of the hosts can be locked: they are down, and nobody else is at work",
  }),
};

/** Flags of a command that stands for a runbook. */
export const runFlags = {
  output: outputFlag(["table", "json", "yaml", "jsonl"]),
  "dry-run": boolean({ char: "n", summary: "Print the plan and change nothing" }),
  ...approvalFlags,
};

/** How any command that stands for a runbook may end. */
export const RUN_EXITS: readonly ExitCode[] = [
  EXIT.done,
  EXIT.failedSafe,
  EXIT.warnings,
  EXIT.gateRefused,
  EXIT.lockHeld,
  EXIT.cannotConnect,
  EXIT.paused,
  EXIT.outcomeUnknown,
];

/** What such a command is given, beside flags of its own; one that takes no lock, or only reads, need not have them all. */
interface RunFlagValues {
  readonly file: string | undefined;
  readonly deployment: string | undefined;
  readonly "dry-run"?: boolean;
  readonly yes?: boolean;
  readonly confirm?: string | undefined;
  readonly "lock-minority"?: boolean;
}

export interface Work {
  readonly deployment: Deployment;
  readonly runbook: Runbook;
  /** It only looks: steps are shown with --verbose alone. */
  readonly quietly: boolean;
  readonly flags: Omit<RunFlagValues, "file" | "deployment" | "dry-run">;
  /** A command that shows, and does not do, what is going to be asked about. */
  readonly look: string;
}

/** What the work of a command that carries out a runbook is given: all of a request that this call decides. */
export type PartOfRequest = Omit<RunRequest, "inputs" | "approvals">;

/** What the operator agrees to beforehand; nothing is asked where the effect is only to read or to change. */
interface Agreement {
  readonly effect: Effect;
  readonly what: string;
  /** What clients will see of it, where it is not that they are disrupted for a while. */
  readonly meaning?: string;
  /** Fails where it cannot be done at all: nobody is asked about that. */
  readonly refuse?: (request: PartOfRequest) => Promise<void>;
}

type Inputs = RunRequest["inputs"];

/** A command that carries out a runbook, or part of one: with signals, a renderer, questions and connections of its own. */
export abstract class RunningCommand<T> extends BaseCommand<T> {
  /** The deployment meant and the runbook of that name: the operator's own, which is said, before the shipped one. */
  protected async prepare(name: string, flags: RunFlagValues): Promise<Work> {
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const runbook = await this.runbookOf(name, deployment);
    return { deployment, runbook, flags, quietly: flags["dry-run"] ?? false, look: "look first: --dry-run" };
  }

  protected async runbookOf(name: string, { file }: Deployment): Promise<Runbook> {
    const { runbook } = await compileByName(name, storeBeside(file));
    if (runbook.source.origin !== "shipped") this.note(`using your own ${name} runbook: ${runbook.source.path}`);
    return runbook;
  }

  /** What a run would do, printed. */
  protected async plan(work: Work, inputs: Inputs): Promise<Plan> {
    return this.showPlan(await this.carrying(work, (request) => planRunbook({ ...request, inputs })));
  }

  /** Prints a plan; one that stops at a gate ends the command as the run would. `more` is printed below it. */
  protected showPlan(plan: Plan, more = ""): Plan {
    this.print(`${renderPlan(plan, { theme: this.theme, width: this.width })}${more}`);
    if (plan.stops_at !== undefined) this.endWith(EXIT.gateRefused);
    return plan;
  }

  /** Asks, and runs it. Without an agreement the runbook itself asks for what it needs. */
  protected async perform(work: Work, inputs: Inputs, agreement?: Agreement): Promise<RunSummary> {
    if (agreement && agreement.effect !== "change") await this.tellUnfinished(work);
    return this.carrying(work, async (request, asking) => {
      await agreement?.refuse?.(request);
      const approvals = agreement ? await agreeFirst(agreement.effect, agreement.what, asking, agreement.meaning) : [];
      return runRunbook({ ...request, inputs, approvals });
    });
  }

  /** Whoever is about to begin what disrupts or destroys hears first of a run that was left in the middle of it. */
  private async tellUnfinished({ deployment }: Work): Promise<void> {
    const unfinished = await unfinishedRun(deployment.name, process.env);
    if (unfinished) this.warn(unfinishedText(unfinished));
  }

  /** Does the work; whatever becomes of it, connections are closed and signals given back. */
  protected async carrying<R>(
    work: Work,
    doIt: (request: PartOfRequest, asking: ConfirmOptions) => Promise<R>,
  ): Promise<R> {
    const { deployment, runbook, flags, look, quietly } = work;
    const interrupts = catchInterrupts(() => renderer.sink(pauseRemark(runbook)));
    const renderer = await this.subscribe({ quietly });
    const { pause, stop: signal } = interrupts;
    const { streams } = this.invocation;
    const { yes = false, confirm, "lock-minority": lockMinority = false } = flags;
    const asking = { deployment: deployment.name, yes, confirm, streams, renderer, pause, look };
    const session = openSession(deployment, signal);
    const approve = approver(asking);
    try {
      const request = { runbook, session, sink: renderer.sink, pause, signal, env: process.env, approve, lockMinority };
      return await doIt(request, asking);
    } finally {
      await renderer.done();
      interrupts.release();
      await session.close();
    }
  }

  /** Prints how a run ended, and ends with its code. */
  protected finish(summary: RunSummary, shown: RunSummary["outputs"] = summary.outputs): RunSummary {
    this.print(renderSummary({ ...summary, outputs: shown }, this.theme));
    this.endWith(summary.exit, summary.error);
    return summary;
  }
}
