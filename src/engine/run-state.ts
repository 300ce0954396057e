/**
 * What became of a run, as its journal tells it. `interrupted`: it has no end, and its process is gone. `unreliable`: the
 * journal's chain is broken, so that what it tells cannot be built on.
 */
export const RUN_STATES = [
  "running",
  "interrupted",
  "paused",
  "done",
  "failed",
  "cancelled",
  "rolled_back",
  "unreliable",
] as const;
export type RunState = (typeof RUN_STATES)[number];
