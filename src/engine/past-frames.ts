import type { Action } from "../actions/contract.ts";
import { resolveInputValues } from "../runbook/inputs.ts";
import type { ActionCall, Runbook } from "../runbook/model.ts";
import { actionNamed } from "./action-named.ts";
import type { OpTarget, Scope } from "./evaluator.ts";
import { factsOf } from "./facts.ts";
import { asRecord, Frame, type FrameValues } from "./frame.ts";
import type { History, PastOp } from "./history.ts";
import type { OpServices } from "./op.ts";
import { commandsOf, inputOf } from "./shown.ts";
import { type LocatedStep, locateStep, targetOf } from "./undo-targets.ts";

/** A past op with all that its undo is rendered from. */
export interface UndoContext {
  readonly past: PastOp;
  readonly located: LocatedStep;
  readonly op: OpTarget;
  readonly at: Scope;
}

type Services = Pick<OpServices, "evaluator" | "live" | "actions">;

/** Finds past ops in the runbook, with frames in which their expressions see what they saw then. */
export class PastFrames {
  readonly #runbook: Runbook;
  readonly #values: FrameValues;
  readonly #services: Services;
  readonly #history: History;

  constructor(runbook: Runbook, values: FrameValues, services: Services, history: History) {
    this.#runbook = runbook;
    this.#values = values;
    this.#services = services;
    this.#history = history;
  }

  /** The step of a past op, with a frame in which its expressions see what they saw then. */
  async locate(past: PastOp): Promise<UndoContext | undefined> {
    const located = locateStep(this.#runbook, past.step);
    const op = targetOf(this.#services.live.deployment, past.target);
    if (!located || !op) return undefined;
    let frame = this.#frame(new Frame(this.#values), "");
    for (const prefix of located.frames.slice(1)) {
      const inSub = prefix === located.runbookPath && prefix !== "";
      frame = this.#frame(inSub ? await this.#subFrame(prefix, frame) : frame.inner(), prefix);
    }
    const path = past.step.slice(0, past.step.length - located.step.id.length);
    return { past, located, op, at: { frame, depth: 0, path } };
  }

  /** The frame of a called runbook: its inputs are computed as the call computed them. */
  async #subFrame(prefix: string, outer: Frame): Promise<Frame> {
    const call = locateStep(this.#runbook, prefix.replace(/(\[[^\]]*\])?\.$/, ""))?.step.runbook;
    if (!call) return outer.inner();
    const around = /\[([^\]]*)\][^[]*$/.exec(prefix)?.[1];
    const target = around === undefined ? undefined : targetOf(this.#services.live.deployment, around)?.target;
    const given = await this.#services.evaluator.template(call.inputs, outer, target);
    return new Frame({ ...this.#values, inputs: resolveInputValues(call.compiled, asRecord(given), prefix) });
  }

  /** Fills a frame with the facts and vars that the journal holds for its path. */
  #frame(frame: Frame, prefix: string): Frame {
    const history = this.#history;
    for (const [name, value] of Object.entries(history.vars(prefix) ?? {})) frame.setVar(name, value);
    const byStep = new Map<string, Map<string, NonNullable<PastOp["facts"]>>>();
    for (const { step, target, facts } of history.all()) {
      const id = step.slice(prefix.length);
      if (!facts || !step.startsWith(prefix) || !/^[a-z][a-z0-9_]*$/.test(id)) continue;
      byStep.set(id, (byStep.get(id) ?? new Map()).set(target, facts));
    }
    for (const [id, ops] of byStep) frame.record(id, factsOf(ops));
    return frame;
  }
}

/** How an op is taken back: the action, its input, and its commands as they are shown. */
export async function undoCall(
  { past, located, op, at }: UndoContext,
  undo: ActionCall,
  services: Services,
): Promise<{ action: Action; input: unknown; commands: string[] }> {
  const action = actionNamed(undo.action, services);
  const use = { step: `${located.step.id} (undo)`, position: undo.position };
  const rendered = await services.evaluator.template(undo.with, at.frame, op.target, { before: past.before ?? {} });
  const commands = commandsOf(action, use, rendered, op).map(({ text }) => text);
  return { action, input: inputOf(action, use, rendered), commands };
}
