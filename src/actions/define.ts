import type { z } from "zod";
import type { PlannedCommand } from "../engine/plan.ts";
import type { ActionSpec } from "../runbook/action-spec.ts";
import type { Topology } from "../topology/schema.ts";
import type { Action, ActionContext, ActionOutcome, Before, HostCommand } from "./contract.ts";

interface Definition<I extends z.ZodType, O extends z.ZodType> extends Omit<ActionSpec, "input" | "output"> {
  readonly input: I;
  readonly output: O;
  commands(input: z.output<I>, target: Pick<ActionContext, "instance" | "host">): readonly PlannedCommand[];
  before?(input: z.output<I>, context: ActionContext): Promise<Before>;
  run(input: z.output<I>, context: ActionContext): Promise<ActionOutcome<z.output<O>>>;
  tell?(outputs: z.output<O>): string;
  takesMs?(input: z.output<I>): number;
  onHost?(input: z.output<I>, target: Pick<ActionContext, "instance" | "host">): readonly HostCommand[];
  simulate?(input: z.output<I>, topology: Topology, target: Pick<ActionContext, "instance" | "host">): Topology;
  readonly leaves?: "stopped" | "started";
  readonly repeatable?: true;
  readonly mayFailHalfway?: true;
  probe?(input: z.output<I>, context: ActionContext, before: Before): Promise<boolean | undefined>;
}

/** Types an action by its schemas; the engine parses `with` by `input` before it calls `commands` or `run`. */
export function defineAction<I extends z.ZodType, O extends z.ZodType>(definition: Definition<I, O>): Action {
  return definition;
}
