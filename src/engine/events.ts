import type { ExitCode } from "../core/exit-codes.ts";
import type { Topology, Verdict } from "../topology/schema.ts";

/** How a step, or an op of it on one target, ended up. */
export const STEP_STATUSES = [
  "planned",
  "skipped_condition",
  "skipped_done",
  "running",
  "ok",
  "changed",
  "failed",
  "in_doubt",
  "cancelled",
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** What went wrong, as data. */
export interface EventError {
  readonly code: string;
  readonly exit: ExitCode;
  readonly message: string;
  readonly host?: string | undefined;
  readonly state?: string | undefined;
  readonly next: readonly string[];
}

interface Base {
  /** RFC 3339 with milliseconds, the controller's clock. */
  readonly at: string;
  readonly run: string;
}

/** The append-only stream of a run: renderers subscribe to it, `--output jsonl` prints it, the journal keeps the part that matters. */
export type RunEvent =
  | (Base & {
      readonly type: "run_started";
      readonly runbook: string;
      readonly version: string;
      readonly origin: string;
      readonly deployment: string;
      readonly schema: 1;
    })
  | (Base & { readonly type: "topology_observed"; readonly topology: Topology })
  | (Base & {
      readonly type: "step_started";
      readonly step: string;
      readonly name: string;
      readonly action: string;
      readonly effect: string;
      readonly targets: readonly string[];
      readonly depth: number;
    })
  | (Base & {
      readonly type: "op_started";
      readonly step: string;
      readonly target: string;
      readonly attempt: number;
      readonly commands: readonly string[];
    })
  | (Base & {
      readonly type: "op_progress";
      readonly step: string;
      readonly target: string;
      readonly message: string;
      readonly done?: number;
      readonly total?: number;
      readonly unit?: string;
    })
  | (Base & {
      readonly type: "op_finished";
      readonly step: string;
      readonly target: string;
      readonly attempt: number;
      readonly status: StepStatus;
      readonly duration_ms: number;
      readonly error?: EventError;
      readonly will_retry_in_ms?: number;
    })
  | (Base & {
      readonly type: "step_finished";
      readonly step: string;
      readonly status: StepStatus;
      readonly duration_ms: number;
      readonly reason?: string;
    })
  | (Base & {
      readonly type: "drill_phase";
      /** `fault`, `healed`, `sdown`, `odown`, `elected`, `promoted`, `first_write`, `old_primary_back`, `redundant`… */
      readonly phase: string;
      /** After the fault; before it, null. */
      readonly after_ms: number | null;
      readonly detail: string;
    })
  | (Base & {
      readonly type: "drill_sample";
      /** Each probe over the last quarter of a second. */
      readonly probes: readonly {
        readonly name: string;
        readonly acked: number;
        readonly failed: number;
        /** Median of the acknowledged ones; null where there was none. */
        readonly latency_ms: number | null;
      }[];
    })
  | (Base & { readonly type: "verdict"; readonly verdict: Verdict })
  | (Base & { readonly type: "warning"; readonly message: string })
  | (Base & {
      readonly type: "run_finished";
      readonly status: "done" | "failed" | "paused" | "cancelled" | "rolled_back";
      readonly exit: number;
      readonly duration_ms: number;
      readonly error?: EventError;
      readonly outputs: Readonly<Record<string, unknown>>;
    });

export type RunEventBody = RunEvent extends infer E ? (E extends Base ? Omit<E, "at" | "run"> : never) : never;

/** What actions may emit: what a drill measures, and what somebody should know though nothing failed. */
export type DrillEventBody = Extract<RunEventBody, { type: "drill_phase" | "drill_sample" | "warning" }>;

/** Subscribers are called in order, synchronously; one that throws is a bug and stops the run. */
export type EventSink = (event: RunEvent) => void;
