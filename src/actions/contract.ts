import type { HostConnection, RedisConnection } from "../connect/types.ts";
import type { Approval, ApprovalRequest } from "../engine/approval.ts";
import type { DrillEventBody } from "../engine/events.ts";
import type { PlannedCommand } from "../engine/plan.ts";
import type { RunLife } from "../engine/run-life.ts";
import type { Deployment, Host, Instance } from "../inventory/model.ts";
import type { ActionSpec } from "../runbook/action-spec.ts";
import type { Observation } from "../topology/observation.ts";
import type { Topology } from "../topology/schema.ts";

/** What one op of an action works with. Connections are opened when first asked for, kept for the run, and fail fast when they failed before. */
export interface ActionContext {
  readonly deployment: Deployment;
  /** Path of the step that it is for: `replicas[r2:6379].fence`; with ` (undo)` behind it where it is taken back. */
  readonly step: string;
  /** The instance the op is for; undefined for actions of scope `controller` and `host`. */
  readonly instance?: Instance;
  readonly host?: Host;
  readonly signal: AbortSignal;
  /** Whether the run is to stop at the next safe point. An op that goes on for long then ends there, with INTERRUPTED. */
  stopAsked(): boolean;
  /** In `run`: what `before` captured, by this process or by the one that began the op. */
  readonly before?: Before;
  /** The connection that all steps share; each `lane` is another one beside it, for what would stand in line there. */
  redis(instance: Instance, lane?: number): Promise<RedisConnection>;
  shell(host: Host): Promise<HostConnection>;
  /** A connection made now, beside the one that is shared, which proves that the host lets redisha in. Whoever asks closes it. */
  shellAnew(host: Host): Promise<HostConnection>;
  /** Lets what could not be reached, or is gone, be tried again: for what was away and comes back. */
  forgetFailures(): void;
  /** The live model, observed again when `fresh` is set; with `seen` as it was last seen, without looking at anything. */
  topology(options?: { fresh?: boolean; seen?: boolean }): Promise<Topology>;
  /** Looks at one instance now; the run's model takes over what it says. */
  look(instance: Instance): Promise<Observation>;
  /** Asks the operator to agree; fails with NOT_CONFIRMED where nobody does. */
  approve(request: ApprovalRequest): Promise<Approval>;
  progress(message: string, amount?: { done: number; total?: number; unit?: string }): void;
  /** The run in this process: for what outlives a step. */
  readonly life: RunLife;
  /** Shows what a drill measures while it goes on, and warns of what did not fail. */
  emit(event: DrillEventBody): void;
}

export interface ActionOutcome<O> {
  readonly outputs: O;
  /** False for reads and where things were already as wanted. */
  readonly changed: boolean;
}

/** What an action captured before it changed anything: all that undo needs. */
export type Before = Readonly<Record<string, unknown>>;

/** What a host can carry out alone, without redisha. */
export type HostCommand =
  | { readonly kind: "redis"; readonly argv: readonly string[] }
  | (HostProgram & { readonly kind: "exec"; readonly argv: readonly string[] })
  /**
   * POSIX sh that talks with the server: `answer 'WORDS' "$@"` prints what it says, with `-h` and `-p` behind that what another
   * one says; `say TEXT` writes into the log. Where it fails it is tried again, and nothing behind it is carried out.
   */
  | { readonly kind: "dialogue"; readonly script: string }
  | (HostProgram & { readonly kind: "script"; readonly script: string; readonly args: readonly string[] });

interface HostProgram {
  readonly env: Readonly<Record<string, string>>;
  readonly become: boolean;
  /** Exit statuses that count as success. */
  readonly okCodes: readonly number[];
}

/** An action: what the language checks (`ActionSpec`), what the plan shows (`commands`), what runs (`run`). */
export interface Action<I = unknown, O = unknown> extends ActionSpec {
  /** The exact commands of one op, in order, without running anything. */
  commands(input: I, target: { readonly instance?: Instance; readonly host?: Host }): readonly PlannedCommand[];
  /** Reads what undo needs. It is on the disk before `run` starts, so that a crash in between loses nothing. */
  before?(input: I, context: ActionContext): Promise<Before>;
  run(input: I, context: ActionContext): Promise<ActionOutcome<O>>;
  /** Of a read: what it found, in a few words for the plan. */
  tell?(outputs: O): string;
  /** How long, in milliseconds, one op may take by what its input asks for: the step's time limit is never shorter. */
  takesMs?(input: I): number;
  /** How the host of the target does the same by itself, for an undo that is `armed`. Absent where it cannot. */
  onHost?(input: I, target: { readonly instance?: Instance; readonly host?: Host }): readonly HostCommand[];
  /**
   * The model as it should be once this op has succeeded, for plans and rehearsals. Pure; absent where the action leaves the
   * topology as it is.
   */
  simulate?(input: I, topology: Topology, target: { readonly instance?: Instance; readonly host?: Host }): Topology;
  /** What has become of its target's process behind it: a plan says of later steps what is away besides. */
  readonly leaves?: "stopped" | "started";
  /**
   * To do it twice is as good as once, and only doing it tells what later steps need. After a crash an op in doubt is done
   * again, and taken back where the run is rolled back. No `probe` is asked then.
   */
  readonly repeatable?: true;
  /** Where it fails it may have done a part, also where only what the step verifies does not hold: going back takes it back all the same. */
  readonly mayFailHalfway?: true;
  /** After a crash: whether an op that was started took effect. Reads only; undefined where that cannot be told. */
  probe?(input: I, context: ActionContext, before: Before): Promise<boolean | undefined>;
}
