import { formatDuration } from "../core/units.ts";
import type { RunState } from "../engine/run-state.ts";
import type { ArmedEvent, RunStory, ToldOp } from "./story.ts";

/** How a state reads. */
export const STATE_WORD: Readonly<Record<RunState, string>> = {
  running: "running",
  interrupted: "interrupted",
  paused: "paused",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
  rolled_back: "rolled back",
  unreliable: "journal not reliable",
};

/** How things stand: `good`, `bad`, or waiting for somebody. */
export function toneOf(state: RunState): "good" | "warn" | "bad" {
  if (state === "done" || state === "running") return "good";
  return state === "paused" || state === "interrupted" || state === "rolled_back" ? "warn" : "bad";
}

export function opWord({ status, settled }: Pick<ToldOp, "status" | "settled">): string {
  const word =
    status === "open" ? "no outcome" : status === "in_doubt" ? "outcome unknown" : status.replaceAll("_", " ");
  return settled === null ? word : `${word}; ${settled}`;
}

/** The run in one sentence: what became of it, what it changed, what is open. */
export function verdictOf(story: RunStory): string {
  const { state, ops, armed, in_doubt, to_undo, point_of_no_return } = story;
  const changed = new Set(ops.filter(({ status, undo }) => status === "changed" && !undo).map(placeOf)).size;
  const undone = ops.filter(({ undo, status }) => undo && status === "changed").length;
  const restored = armed.filter((event) => event.kind === "restored_by_host" && event.ok).length;
  const parts = [
    `${changed} ${changed === 1 ? "op" : "ops"} changed something`,
    ...(undone > 0 ? [`${undone} taken back`] : []),
    ...(restored > 0 ? [`${restored} put back by ${restored === 1 ? "its host" : "their hosts"}`] : []),
    ...(state === "rolled_back" && to_undo.length > 0 ? [`${to_undo.length} left as they are`] : []),
    in_doubt.length === 0 ? "nothing is in doubt" : `${in_doubt.length} in doubt`,
    ...(point_of_no_return === null ? [] : [`past the point of no return (${point_of_no_return})`]),
  ];
  const lead = {
    running: "Still running",
    interrupted: "Interrupted: its process is gone and it has no end",
    paused: "Paused: it waits for the operator",
    done: "Done",
    failed: "Failed",
    cancelled: "Cancelled",
    rolled_back: "Rolled back",
    unreliable: "The journal is not as it was written: nothing below can be relied on",
  }[state];
  return `${lead}; ${parts.join(", ")}.`;
}

/** `2026-11-21 01:30:15 UTC`. */
export function stamp(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
}

/** `01:30:15.123`, the time of a day in UTC. */
export function clock(at: string): string {
  return at.slice(11, 23);
}

/** Between the first line and the last. */
export function elapsed({ started_at, ended_at }: Pick<RunStory, "started_at" | "ended_at">): string {
  return formatDuration(Math.max(0, Date.parse(ended_at) - Date.parse(started_at)));
}

export function lasted({ duration_ms }: Pick<ToldOp, "duration_ms">): string {
  return duration_ms === null ? "" : formatDuration(duration_ms);
}

export function stepName({ step, undo }: Pick<ToldOp, "step" | "undo">): string {
  return undo ? `${step} (undo)` : step;
}

/** What happened to an undo that a host was given to hold. */
export function armedText(event: ArmedEvent): string {
  switch (event.kind) {
    case "armed":
      return `undo armed on ${event.host}, lease ${formatDuration(event.lease_ms)}`;
    case "disarmed":
      return "undo disarmed";
    case "restored_by_host": {
      const how = event.ok ? `put back by ${event.host} itself` : `undo failed on ${event.host}, which gave up`;
      return `${how}, ${stamp(event.host_at)} by its clock`;
    }
  }
}

export function heldText({ step, target, host, lease_ms, armed_at }: RunStory["held"][number]): string {
  const within = formatDuration(lease_ms);
  return `${host} puts ${step}@${target} back by itself within ${within} of the last sign of life (armed ${clock(armed_at)})`;
}

/** Ops and what became of armed undos, in the order of their times: what is armed comes before the change. */
export function timelineOf({ ops, armed }: Pick<RunStory, "ops" | "armed">): (ToldOp | ArmedEvent)[] {
  return [...armed, ...ops].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0));
}

export function isArmedEvent(entry: ToldOp | ArmedEvent): entry is ArmedEvent {
  return "kind" in entry;
}

function timeOf(entry: ToldOp | ArmedEvent): string {
  return isArmedEvent(entry) ? entry.at : entry.started_at;
}

/** A value on one line. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

export function pairs(record: Readonly<Record<string, unknown>>): string {
  return Object.entries(record)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(", ");
}

export function placeOf({ step, target }: { readonly step: string; readonly target: string }): string {
  return `${step}@${target}`;
}
