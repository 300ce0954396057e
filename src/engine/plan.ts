import type { Effect } from "../runbook/effect.ts";

/**
 * How sure a line of the plan is: it is what will run; it runs if a condition then holds; or its content depends on
 * what an earlier step finds.
 */
export type Certainty =
  | { readonly kind: "exact" }
  | { readonly kind: "conditional"; readonly on: string }
  | { readonly kind: "known_after"; readonly step: string };

/** One command on one target, as it is written for people and as it runs. */
export interface PlannedCommand {
  readonly transport: "redis" | "exec" | "script" | "upload" | "controller";
  /** RESP command or argv; secrets are masked. */
  readonly text: string;
}

export interface PlannedOp {
  readonly target: string;
  readonly commands: readonly PlannedCommand[];
}

export interface PlannedStep {
  /** Path of the step: `replicas.upgrade_node.fence`. */
  readonly step: string;
  readonly name: string;
  readonly action: string;
  readonly effect: Effect;
  readonly depth: number;
  readonly certainty: Certainty;
  /** Batches of the rollout, in order. Targets that are resolved live are marked by `live`. */
  readonly batches: readonly (readonly PlannedOp[])[];
  readonly live: boolean;
  readonly skipped?: "condition" | "done";
  readonly note?: string;
}

export interface Plan {
  readonly schema: 1;
  readonly runbook: {
    readonly name: string;
    readonly version: string;
    readonly digest: string;
    readonly origin: string;
  };
  readonly deployment: string;
  readonly created_at: string;
  readonly steps: readonly PlannedStep[];
}
