import type { EventSink, RunEvent } from "../../engine/events.ts";

type Started = Extract<RunEvent, { type: "step_started" }>;

/**
 * Passes events on but for the steps whose condition does not hold: a procedure with a step for each way to go would tell of
 * all that it does not do. A step is held back until something is heard of it, which is at once.
 */
export function withoutSkips(sink: EventSink): { sink: EventSink; release: () => void } {
  let held: Started | undefined;

  function release(): void {
    const started = held;
    held = undefined;
    if (started) sink(started);
  }

  return {
    sink: (event) => {
      if (event.type === "step_finished" && event.step === held?.step && event.status === "skipped_condition") {
        held = undefined;
        return;
      }
      if ("step" in event) release();
      if (event.type === "step_started") held = event;
      else sink(event);
    },
    release,
  };
}
