import type { ActionContext, Before } from "../../actions/contract.ts";
import { RedishaError } from "../../core/errors.ts";
import type { Step } from "../../runbook/model.ts";
import { actionNamed } from "../action-named.ts";
import type { OpTarget, Scope } from "../evaluator.ts";
import type { OpServices } from "../op.ts";
import { inputOf, whereOf } from "../shown.ts";
import { unarmable } from "./refuse-unarmable.ts";

/** The undo of one op, held by its host. */
export interface ArmedOp {
  /** To be awaited right before the change: fails where the host does not hold the undo any more. */
  prove(): Promise<void>;
  /** To be awaited after the change. One that came after the host had acted is taken back from here before this fails. */
  confirm(): Promise<void>;
}

/** Arms the undo of an op where its step says so; undefined where it does not. Fails where the change must not be made. */
export async function armOp(
  step: Step,
  op: OpTarget,
  { frame, path: prefix }: Scope,
  before: Before,
  context: ActionContext,
  services: OpServices,
): Promise<ArmedOp | undefined> {
  const { deadman, evaluator } = services;
  const { undo } = step;
  const host = op.host ?? op.target?.instance.host;
  if (!deadman || !host || typeof undo !== "object" || undo.armedMs === undefined) return undefined;
  if (host.ssh === "none") throw unarmable(step, host.name);
  const path = `${prefix}${step.id}`;
  const action = actionNamed(undo.action, services);
  const rendered = await evaluator.template(undo.with, frame, op.target, { before });
  const input = inputOf(action, { step: `${step.id} (undo)`, position: undo.position }, rendered);
  const commands = action.onHost?.(input, whereOf(op)) ?? [];
  const instance = op.target?.instance;
  await deadman.arm({ step: path, target: op.id, host, instance, commands, leaseMs: undo.armedMs }, context.signal);
  const prove = () => deadman.prove(path, op.id);
  return {
    prove,
    async confirm() {
      try {
        await prove();
      } catch (error) {
        if (error instanceof RedishaError && error.code === "DEADMAN_FIRED") {
          await action.run(input, context);
        }
        throw error;
      }
    },
  };
}
