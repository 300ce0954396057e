import type { EventSink, RunEvent } from "../../engine/events.ts";

/**
 * Passes events on but for the steps whose condition does not hold: a procedure with a step for each way to go would tell of
 * all that it does not do. A step is held back until one of its ops is carried out, which is at once.
 */
export function withoutSkips(sink: EventSink): { sink: EventSink; release: () => void } {
  let step: string | undefined;
  let held: RunEvent[] = [];

  function release(): void {
    const events = held;
    step = undefined;
    held = [];
    for (const event of events) sink(event);
  }

  return {
    sink: (event) => {
      if ("step" in event && event.step === step && "status" in event && event.status === "skipped_condition") {
        held = event.type === "step_finished" ? [] : [...held, event];
        return;
      }
      if ("step" in event) release();
      if (event.type !== "step_started") return sink(event);
      step = event.step;
      held = [event];
    },
    release,
  };
}
