import type { Runbook } from "../runbook/model.ts";
import type { FrameValues } from "./frame.ts";
import type { History, PastOp } from "./history.ts";
import type { OpServices } from "./op.ts";
import { PastFrames, undoCall } from "./past-frames.ts";

/** What going back would do about one op. */
export interface PlannedUndo {
  readonly step: string;
  readonly target: string;
  /** `gone`: the runbook or redisha.yaml does not have it any more, so that it stands. */
  readonly how: "undo" | "kept" | "gone";
  /** Whether it took effect is found out first; where it did not, nothing is done. */
  readonly in_doubt: boolean;
  readonly commands: readonly string[];
}

/** What going back would do, in the order it would be done. Nothing is changed. */
export async function planRollback(
  runbook: Runbook,
  values: FrameValues,
  services: OpServices,
  history: History,
): Promise<PlannedUndo[]> {
  const frames = new PastFrames(runbook, values, services, history);
  const planned: PlannedUndo[] = [];
  for (const past of history.toUndo()) {
    const undo = await plannedFor(past);
    if (undo) planned.push(undo);
  }
  return planned;

  async function plannedFor(past: PastOp): Promise<PlannedUndo | undefined> {
    const about = { step: past.step, target: past.target, in_doubt: past.inDoubt };
    const context = await frames.locate(past);
    if (!context) return { ...about, how: "gone", commands: [] };
    if (context.located.cleanup) return undefined;
    const { undo } = context.located.step;
    if (undo === undefined || undo === "none") return { ...about, how: "kept", commands: [] };
    return { ...about, how: "undo", commands: (await undoCall(context, undo, services)).commands };
  }
}
