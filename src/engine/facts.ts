import type { EventError, StepStatus } from "./events.ts";

/** What is known of one op: one step on one target. */
export interface OpFacts {
  readonly status: StepStatus;
  readonly changed: boolean;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly error?: EventError;
}

/** What expressions see as `steps.<id>`. */
export interface StepFacts {
  readonly ok: boolean;
  readonly changed: boolean;
  readonly failed: boolean;
  readonly skipped: boolean;
  readonly status: StepStatus;
  /** Of the one target, or of a step without targets; empty for a fan-out, whose outputs stand under `hosts`. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly before: Readonly<Record<string, unknown>>;
  readonly hosts: Readonly<Record<string, Omit<StepFacts, "hosts">>>;
}

const FAILED: readonly StepStatus[] = ["failed", "in_doubt", "cancelled"];
const SKIPPED: readonly StepStatus[] = ["skipped_condition", "skipped_done"];

/** Folds the ops of a step into what the rest of the runbook sees of it. */
export function factsOf(ops: ReadonlyMap<string, OpFacts>): StepFacts {
  const hosts = Object.fromEntries([...ops].map(([target, op]) => [target, single(op)]));
  const only = ops.size === 1 ? [...ops.values()][0] : undefined;
  if (only) return { ...single(only), hosts };
  const all = [...ops.values()];
  const status = worst(all);
  return {
    status,
    ok: !all.some(({ status }) => FAILED.includes(status)),
    changed: all.some(({ changed }) => changed),
    failed: all.some(({ status }) => FAILED.includes(status)),
    skipped: all.every(({ status }) => SKIPPED.includes(status)),
    outputs: {},
    before: {},
    hosts,
  };
}

/** What went wrong first among the ops of a step. */
export function firstError(ops: ReadonlyMap<string, OpFacts>): EventError | undefined {
  for (const { error } of ops.values()) if (error) return error;
  return undefined;
}

/** The status a step shows when its ops ended differently: a failure outweighs a change, a change outweighs ok. */
function worst(ops: readonly OpFacts[]): StepStatus {
  const order: readonly StepStatus[] = ["failed", "in_doubt", "cancelled", "changed", "ok", "skipped_done"];
  return order.find((status) => ops.some((op) => op.status === status)) ?? "skipped_condition";
}

function single(op: OpFacts): Omit<StepFacts, "hosts"> {
  return {
    status: op.status,
    ok: !FAILED.includes(op.status),
    changed: op.changed,
    failed: FAILED.includes(op.status),
    skipped: SKIPPED.includes(op.status),
    outputs: op.outputs,
    before: op.before ?? {},
  };
}
