import type { FilePosition } from "../core/errors.ts";
import type { Effect } from "./effect.ts";

/** Values that expressions see. Integers are BigInt there: a JS number is a CEL double (facts of cel-js). */
export interface EvalContext {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly run: Readonly<Record<string, unknown>>;
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly topo: unknown;
  readonly host?: unknown;
  readonly steps: Readonly<Record<string, unknown>>;
  readonly before?: unknown;
  readonly result?: unknown;
}

/** A CEL expression, parsed and type-checked. */
export interface Expression {
  readonly source: string;
  readonly position: FilePosition;
  /** CEL's static type: `bool`, `string`, `list<dyn>`… */
  readonly type: string;
  /** Roots it reads (`topo`, `host`, `steps.fence`), for certainty in the plan. */
  readonly reads: readonly string[];
  /** Throws RedishaError RUNBOOK_EXPRESSION with the position where it cannot be evaluated. Integers come back as numbers. */
  evaluate(context: EvalContext): unknown;
}

/** A value of `with`: plain data whose strings may hold `${{ }}`. */
export interface Template {
  readonly position: FilePosition;
  /** Everything its expressions read. */
  readonly reads: readonly string[];
  /** The data with every template filled in. A string that is only `${{ }}` keeps the value's type. */
  render(context: EvalContext): unknown;
}

export const INPUT_TYPES = ["string", "int", "bool", "duration", "bytes", "enum", "version", "host"] as const;

export interface InputSpec {
  readonly type: (typeof INPUT_TYPES)[number];
  readonly default?: unknown;
  readonly required: boolean;
  readonly pattern?: string;
  readonly values?: readonly string[];
  readonly description?: string;
  readonly position: FilePosition;
}

export type Role = "any" | "data" | "primary" | "replica" | "sentinel";

export interface Targets {
  readonly role: Role;
  readonly where?: Expression;
  /** Instance ids or host names. */
  readonly hosts?: readonly string[];
  readonly orderBy?: Expression;
  readonly limit?: number;
  /** `host`: the first instance of each machine stands for it; undefined: all of them. */
  readonly per?: "host";
  /** `plan`: fixed when planned; `live`: looked up again when the step starts. */
  readonly resolve: "plan" | "live";
}

export interface Rollout {
  /** Batch sizes, the last repeats; a share is of all targets, rounded up. `all` is one batch. */
  readonly batches: readonly (number | { readonly percent: number } | "all")[];
  /** Failures tolerated over the whole rollout. */
  readonly maxFailures: number;
  readonly pauseBetweenMs: number;
  /** Where the pause is a template: renders to a duration such as `30s`, and `pauseBetweenMs` is 0. */
  readonly pauseBetween?: Template;
}

export interface Retry {
  readonly attempts: number;
  readonly delayMs: number;
  readonly backoff: number;
  readonly maxDelayMs: number;
  readonly jitter: boolean;
  /** Error codes that are retried; empty means any. */
  readonly on: readonly string[];
}

export type OnFailure = "abort" | "pause" | "continue" | "rollback";

export interface ActionCall {
  readonly action: string;
  readonly with: Template;
  readonly position: FilePosition;
}

/** How a step is taken back. */
export interface Undo extends ActionCall {
  /** The host holds the undo from before the change, and carries it out by itself when the run is silent for so long. */
  readonly armedMs?: number;
}

/** Tells, after a crash, whether a step took effect: by a condition, or by an action that reads and a condition on its result. */
export interface Probe {
  readonly call?: ActionCall;
  readonly that: Expression;
}

export interface Step {
  readonly id: string;
  readonly name?: string;
  readonly action: string;
  readonly with: Template;
  readonly targets?: Targets;
  readonly rollout: Rollout;
  readonly when?: Expression;
  readonly skipIf?: Expression;
  readonly until?: Expression;
  readonly failedWhen?: Expression;
  readonly retry: Retry;
  readonly timeoutMs: number;
  readonly verify?: { readonly that: Expression; readonly withinMs: number };
  readonly probe?: Probe;
  readonly undo?: Undo | "none";
  /** Ids of earlier steps whose armed undo is let go of when this step has ended well. */
  readonly disarm?: readonly string[];
  readonly pointOfNoReturn?: Expression | boolean;
  readonly onFailure: OnFailure;
  readonly effect: Effect;
  readonly outputs: Readonly<Record<string, Expression>>;
  readonly sensitive: boolean;
  /** Where the step stands. */
  readonly position: FilePosition;
  /** action: block */
  readonly block?: {
    readonly ref?: string;
    readonly steps: readonly Step[];
    readonly rescue: readonly Step[];
    readonly always: readonly Step[];
  };
  /** action: assert. What must hold, each with what to say when it does not. */
  readonly assertions?: readonly { readonly that: Expression; readonly message: string }[];
  /** action: runbook. The sub-runbook is compiled with the rest; a cycle is an error. */
  readonly runbook?: { readonly ref: string; readonly inputs: Template; readonly compiled: Runbook };
}

export interface Invariant {
  readonly id: string;
  readonly assert: Expression;
  readonly graceMs: number;
  readonly onViolation: "warn" | "pause" | "abort" | "rollback";
}

export interface SecretSpec {
  readonly from: "env" | "file" | "prompt" | "exec";
  readonly value: string;
  readonly position: FilePosition;
}

/** A runbook, parsed, checked against the catalogue of actions and with every expression typed. */
export interface Runbook {
  readonly source: { readonly path: string; readonly origin: "shipped" | "ejected" | "file"; readonly digest: string };
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly requires: {
    readonly engine?: string;
    readonly topology?: readonly string[];
    readonly redis?: string;
    /** False: it runs also where no instance answers, to bring them up. */
    readonly answers: boolean;
  };
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly secrets: Readonly<Record<string, SecretSpec>>;
  /** In the order written: each sees those before it. */
  readonly vars: readonly (readonly [string, Expression])[];
  readonly concurrency: {
    readonly lock: "cluster" | "host" | "none";
    readonly onConflict: "fail" | "wait";
    readonly leaseMs: number;
    readonly declared: boolean;
  };
  /** What the first Ctrl-C asks for: `abort` where there is nothing to go on with, such as a measurement that broke off. */
  readonly onInterrupt: "pause" | "abort";
  readonly invariants: readonly Invariant[];
  readonly steps: readonly Step[];
  readonly finally: readonly Step[];
  readonly outputs: Readonly<Record<string, Expression>>;
}
