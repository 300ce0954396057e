import type { RunEvent } from "../../engine/events.ts";
import type { Runbook } from "../../runbook/model.ts";

/** What is said on the first Ctrl-C: it takes a while until the current step, or what puts things back, is over. */
export function pauseRemark({ onInterrupt }: Pick<Runbook, "onInterrupt">): RunEvent {
  return {
    type: "warning",
    at: new Date().toISOString(),
    run: "",
    message:
      onInterrupt === "abort"
        ? "giving up: healing and tidying up first"
        : "stopping after the current step; press Ctrl-C again to stop at once",
  };
}
