import { boolean, string } from "@oclif/core/flags";
import type { Deployment } from "../inventory/model.ts";
import type { Runbook } from "../runbook/model.ts";
import type { RunRequest, RunSummary } from "../use-cases/run-runbook.ts";
import { openSession } from "../use-cases/session.ts";
import { BaseCommand } from "./base-command.ts";
import { approver, type ConfirmOptions } from "./confirm.ts";
import { catchInterrupts } from "./interrupts.ts";
import { pauseRemark } from "./render/pause-remark.ts";
import { renderSummary } from "./render/summary.ts";

/** Flags by which an operator agrees beforehand to what would be asked. */
export const approvalFlags = {
  yes: boolean({ char: "y", summary: "Agree to what is asked with yes or no: what disrupts clients for a while" }),
  confirm: string({
    helpValue: "DEPLOYMENT",
    summary: "Agree to what is asked by a name: what destroys data or cannot be taken back",
  }),
};

interface Work {
  readonly deployment: Deployment;
  readonly runbook: Runbook;
  /** It only looks: steps are shown with --verbose alone. */
  readonly quietly: boolean;
  readonly flags: { readonly yes: boolean; readonly confirm: string | undefined };
  /** A command that shows, and does not do, what is going to be asked about. */
  readonly look: string;
}

/** What the work of a command that carries out a runbook is given: all of a request that this call decides. */
export type PartOfRequest = Omit<RunRequest, "inputs" | "approvals">;

/** A command that carries out a runbook, or part of one: with signals, a renderer, questions and connections of its own. */
export abstract class RunningCommand<T> extends BaseCommand<T> {
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
    const asking = { deployment: deployment.name, ...flags, streams, renderer, pause, look };
    const session = openSession(deployment, signal);
    const approve = approver(asking);
    try {
      return await doIt({ runbook, session, sink: renderer.sink, pause, signal, env: process.env, approve }, asking);
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
