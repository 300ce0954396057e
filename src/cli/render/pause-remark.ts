import type { RunEvent } from "../../engine/events.ts";

/** What is said on the first Ctrl-C: it takes a while until the current step is over. */
export function pauseRemark(): RunEvent {
  return {
    type: "warning",
    at: new Date().toISOString(),
    run: "",
    message: "stopping after the current step; press Ctrl-C again to stop at once",
  };
}
