import type { MessagePort } from "node:worker_threads";
import type { ErrorFacts } from "../core/errors.ts";
import type { DrillEventBody } from "../engine/events.ts";
import type { AttemptColumns } from "./attempt-log.ts";
import type { Milestone, Reached } from "./milestones.ts";
import type { ProbeRecord, ReadBack, Recording } from "./recording.ts";

/** What the probes did in a span of time. */
export interface Tally {
  readonly seconds: number;
  readonly acked: number;
  readonly refused: number;
  readonly unknown: number;
  /** Of the acknowledged ones; null where there was none. */
  readonly latency_p50_ms: number | null;
  readonly latency_p99_ms: number | null;
  /** Longest time without an acknowledged write, by probe. */
  readonly longest_gap_ms: Readonly<Record<string, number>>;
}

export interface ReadBackResult {
  readonly node: string;
  readonly by_probe: readonly (ReadBack & { readonly kind: ProbeRecord["kind"]; readonly acked: number })[];
}

/** The recording as it crosses threads: attempts in columns, since a drill has hundreds of thousands. */
export interface RawRecording extends Omit<Recording, "probes"> {
  readonly probes: readonly (Omit<ProbeRecord, "attempts"> & { readonly attempts: AttemptColumns })[];
}

/** What the run asks of its measuring thread, and what that gives back. */
export interface Requests {
  until: { readonly with: { readonly milestone: Milestone; readonly within_ms: number }; readonly gives: Reached };
  tally: { readonly with: { readonly since: number }; readonly gives: Tally };
  read_back: { readonly with: { readonly when: ReadBack["when"] }; readonly gives: ReadBackResult };
  /** Ends the probes; what they wrote stays, instances are watched on. */
  stop: { readonly with: Record<string, never>; readonly gives: Tally };
  clean: { readonly with: Record<string, never>; readonly gives: { readonly removed: number } };
  recording: { readonly with: Record<string, never>; readonly gives: RawRecording };
}

export type RequestName = keyof Requests;

/** A request; the answer comes over its port, and closing the port calls it off. */
export type Request<K extends RequestName = RequestName> = {
  [P in K]: {
    readonly kind: "request";
    readonly ask: P;
    readonly with: Requests[P]["with"];
    readonly port: MessagePort;
  };
}[K];

export type Answer<K extends RequestName> =
  | { readonly ok: true; readonly value: Requests[K]["gives"] }
  | { readonly ok: false; readonly error: ErrorFacts };

/** To the measuring thread. */
export type ToThread =
  | Request
  | { readonly kind: "mark"; readonly at: number; readonly name: string; readonly detail: string }
  /** Close everything and end. With `clean`, remove the keys first, where that takes no longer than a moment. */
  | { readonly kind: "end"; readonly clean: boolean };

/** From the measuring thread. */
export type FromThread =
  | { readonly kind: "ready"; readonly origin: number }
  | { readonly kind: "failed"; readonly error: ErrorFacts }
  | { readonly kind: "event"; readonly event: DrillEventBody };
